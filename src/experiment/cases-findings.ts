import { GreenloopError } from '../domain/errors.ts'
import type { Problem } from '../domain/errors.ts'

/** What is found while cases are made: problems are collected, so that all of them are told together. */
export interface Findings {
  warning(text: string): void
  problem(message: string, help?: string): void
  /** A warning that many cases have in common: it is told once, with the first of them and their number. */
  count(text: string, example: string): void
  /** The same for a problem. */
  countProblem(text: string, example: string): void
  /** Makes something of a dataset; a combination model that cannot be used is a problem of that dataset. */
  trying<T>(where: string, make: () => Promise<T>): Promise<T | undefined>
  /** Throws `plan_invalid` with all problems, where there are any. */
  throwProblems(): void
  readonly warnings: readonly string[]
}

/** Starts with nothing found; `file` is the plan that problems are reported on. */
export function createFindings(file: string): Findings {
  const problems: Problem[] = []
  const warnings: string[] = []
  const counts = { warnings: new Map<string, Count>(), problems: new Map<string, Count>() }
  const problem = (message: string, help?: string): void => {
    problems.push({ message, place: { file }, ...(help === undefined ? {} : { help }) })
  }
  return {
    warning: (text) => void (warnings.includes(text) || warnings.push(text)),
    problem,
    count: (text, example) => countIn(counts.warnings, text, example),
    countProblem: (text, example) => countIn(counts.problems, text, example),
    async trying(where, make) {
      try {
        return await make()
      } catch (error) {
        if (!(error instanceof GreenloopError) || !error.code.startsWith('model_')) throw error
        const texts = error.problems.map(({ message }) => message)
        problem(`${where}: ${error.message}${texts.length > 1 ? `\n${texts.join('\n')}` : ''}`, error.help)
        return undefined
      }
    },
    throwProblems() {
      for (const [text, count] of counts.problems) problem(counted(text, count))
      const [first] = problems
      if (first === undefined) return
      const message = problems.length === 1 ? first.message : `${problems.length} problems keep cases from being made`
      throw new GreenloopError('plan_invalid', message, { problems })
    },
    get warnings() {
      return [...warnings, ...Array.from(counts.warnings, ([text, count]) => counted(text, count))]
    },
  }
}

interface Count {
  readonly example: string
  times: number
}

function countIn(counts: Map<string, Count>, text: string, example: string): void {
  const known = counts.get(text)
  if (known === undefined) counts.set(text, { example, times: 1 })
  else known.times++
}

function counted(text: string, { example, times }: Count): string {
  return `${text}: "${example}"${times === 1 ? '' : ` and ${times - 1} more`}`
}
