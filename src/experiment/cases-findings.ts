import { GreenloopError } from '../domain/errors.ts'
import type { Place, Problem } from '../domain/errors.ts'

/** What is found while cases are made: problems are collected, so that all of them are told together. */
export interface Findings {
  warning(text: string): void
  problem(message: string, help?: string): void
  /** A warning that many cases have in common: it is told once, with the first of them and their number. */
  count(text: string, example: string): void
  /** The same for a problem. */
  countProblem(text: string, example: string): void
  /** Makes something of a dataset; a combination model that cannot be used is a problem of its constraints. */
  trying<T>(where: string, constraints: readonly Place[], make: () => Promise<T>): Promise<T | undefined>
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
    async trying(where, constraints, make) {
      try {
        return await make()
      } catch (error) {
        if (!(error instanceof GreenloopError) || !error.code.startsWith('model_')) throw error
        for (const own of modelProblems(error, where, constraints)) {
          const place = own.place ?? { file }
          const isKnown = problems.some((each) => each.message === own.message && each.place?.line === place.line)
          if (!isKnown) problems.push({ ...own, place })
        }
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

/** What is wrong with the constraints of a dataset, where they stand in the plan. */
function modelProblems(error: GreenloopError, where: string, constraints: readonly Place[]): Problem[] {
  const placed = error.problems.map(({ message, help, place }) => {
    const at = place?.line === undefined ? undefined : constraints[place.line - 1]
    return { message, help, at }
  })
  const [what = ''] = error.message.split('\n')
  const help = error.help ?? 'change or remove it'
  if (error.code !== 'model_contradictory' && placed.length > 0) {
    return placed.map(({ message, at, help: own }) => ({
      message: at === undefined ? `${where}: ${message}` : message,
      ...(at === undefined ? {} : { place: at }),
      help: own ?? 'correct the constraint',
    }))
  }
  const clash = placed.map(({ message, at }) => `\`${message}\`${at?.line === undefined ? '' : ` (line ${at.line})`}`)
  const at = placed.find((each) => each.at !== undefined)?.at
  const message = `${where}: ${what.replace(/:$/u, '')}${clash.length === 0 ? '' : `: ${clash.join(', ')}`}`
  return [{ message, help, ...(at === undefined ? {} : { place: at }) }]
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
