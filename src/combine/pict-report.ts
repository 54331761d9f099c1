import { GreenloopError } from '../domain/errors.ts'
import type { Place, Problem } from '../domain/errors.ts'
import { nearest } from '../lib/nearest.ts'
import { lineFinder } from '../lib/positions.ts'
import type { Span } from '../lib/positions.ts'
import type { Model } from './model.ts'

/** A model as it was read, with what is odd about it but has a meaning. */
export interface ReadModel {
  readonly model: Model
  readonly warnings: readonly Problem[]
}

/** What was found while reading a model, and where. */
export interface Findings {
  readonly problems: Problem[]
  readonly warnings: Problem[]
}

/** Reports mistakes in a text; spans are counted in that text. */
export interface Reporter {
  problem(message: string, span: Span, help?: string): undefined
  warning(message: string, span: Span, help?: string): undefined
  placeOf(span: Span): Place
}

/** A reporter for a whole file. */
export function reporterFor(text: string, file: string, findings: Findings): Reporter {
  const find = lineFinder(text)
  const placeOf = ({ start, end }: Span): Place => {
    const { line, column, text: shown } = find(start)
    const length = Math.max(1, Math.min(end - start, shown.length - column + 1))
    return { file, line, column, length, text: shown }
  }
  return reporterAt(placeOf, findings)
}

/** A reporter for a text that is part of something else. */
export function reporterAt(placeOf: (span: Span) => Place, findings: Findings): Reporter {
  const entry = (message: string, span: Span, help: string | undefined): Problem => ({
    message,
    place: placeOf(span),
    ...(help === undefined ? {} : { help }),
  })
  return {
    problem: (message, span, help) => {
      findings.problems.push(entry(message, span, help))
      return undefined
    },
    warning: (message, span, help) => {
      findings.warnings.push(entry(message, span, help))
      return undefined
    },
    placeOf,
  }
}

/** Throws `model_invalid` with every problem, if there is one. */
export function throwProblems({ problems }: Findings, file: string): void {
  if (problems.length === 0) return
  const message = problems.length === 1 ? (problems[0]?.message ?? '') : `${problems.length} problems in ${file}`
  throw new GreenloopError('model_invalid', message, { problems })
}

/** A guess at what was meant, as help; `undefined` where nothing is near. */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  const near = nearest(name, known)
  return near === undefined ? undefined : `did you mean \`${near}\`?`
}
