import { GreenloopError, type ErrorCode, type Place, type Problem } from '../domain/errors.ts'

/** Most problems that one error carries; its message tells how many there were. */
const maxProblems = 200

/**
 * The error for the problems of several files: a single one is the error itself, several are listed by file, in the order
 * in which the files were first named, and by line.
 */
export function filesError(code: ErrorCode, subject: string, problems: readonly Problem[]): GreenloopError {
  const [only] = problems
  if (only !== undefined && problems.length === 1) return new GreenloopError(code, only.message, { ...only, problems })
  const files = [...new Set(problems.map(({ place }) => place?.file))]
  const sorted = problems.toSorted(
    (a, b) =>
      files.indexOf(a.place?.file) - files.indexOf(b.place?.file) || (a.place?.line ?? 0) - (b.place?.line ?? 0),
  )
  const many = files.length > 1 ? ` in ${files.length} files` : ''
  return new GreenloopError(code, `${subject}: ${problems.length} problems${many}`, {
    problems: sorted.slice(0, maxProblems),
  })
}

/** What was read, or the problems that kept it from being read. */
export type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Turns what is wrong with a file into problems; a file that is not there is shown where it is named. */
export async function attempt<T>(reading: Promise<T>, namedAt?: Place): Promise<Attempt<T>> {
  return reading.then(
    (value) => ({ ok: true, value }),
    (error: unknown) => {
      if (!(error instanceof GreenloopError)) throw error
      return { ok: false, problems: problemsOf(error, namedAt) }
    },
  )
}

function problemsOf(error: GreenloopError, namedAt: Place | undefined): readonly Problem[] {
  if (error.problems.length > 0) return error.problems
  const place = error.code === 'file_missing' ? (namedAt ?? error.place) : error.place
  return [
    {
      message: error.message,
      ...(place === undefined ? {} : { place }),
      ...(error.help === undefined ? {} : { help: error.help }),
    },
  ]
}
