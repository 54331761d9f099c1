import type { ProblemEntry } from '../domain/api-common.ts'
import type { GreenloopError, Problem } from '../domain/errors.ts'

/** Problems as the API tells them. */
export function entriesOf(problems: readonly Problem[]): ProblemEntry[] {
  return problems.map(({ message, place, help }) => ({
    message,
    ...(place === undefined ? {} : { place: { ...place } }),
    ...(help === undefined ? {} : { help }),
  }))
}

/** What an error lists, or the error itself where it lists nothing. */
export function entriesOfError(error: GreenloopError): ProblemEntry[] {
  if (error.problems.length > 0) return entriesOf(error.problems)
  const { message, place, help, why } = error
  return entriesOf([
    { message, ...(place === undefined ? {} : { place }), ...(help === undefined ? {} : { help }) },
  ]).map((entry) => (why === undefined ? entry : { ...entry, why }))
}
