import type { z } from 'zod'
import type { ApiProblem, ProblemEntry } from '../domain/api-common.ts'
import { errorCatalog, GreenloopError } from '../domain/errors.ts'
import type { ErrorCode, Problem } from '../domain/errors.ts'
import { nearest } from '../lib/nearest.ts'

const byCode: Readonly<Partial<Record<ErrorCode, number>>> = {
  usage_invalid: 400,
  body_invalid: 400,
  path_refused: 400,
  token_missing: 401,
  token_refused: 403,
  origin_refused: 403,
  run_unknown: 404,
  entry_unknown: 404,
  page_missing: 404,
  run_conflict: 409,
  repair_conflict: 409,
  version_conflict: 412,
  body_too_large: 413,
  file_too_large: 413,
  host_refused: 421,
  rate_limited: 429,
  internal: 500,
  forge_rejected: 502,
  forge_garbled: 502,
  llm_failed: 502,
  llm_garbled: 502,
  llm_timeout: 504,
  store_full: 507,
}

const retryable: ReadonlySet<ErrorCode> = new Set([
  'rate_limited',
  'store_unavailable',
  'store_full',
  'lease_lost',
  'llm_unreachable',
  'llm_timeout',
  'llm_rate_limited',
  'forge_unavailable',
  'forge_rate_limited',
  'cancelled',
])

/** What an answer to a refused request carries beside the error. */
export interface RefusalDetails {
  /** In place of the status that belongs to the code. */
  readonly status?: number | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly errors?: readonly ProblemEntry[] | undefined
  readonly retryable?: boolean | undefined
}

/** A request that HTTP itself refuses: a {@link GreenloopError} with the status and headers of its answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly error: GreenloopError
  readonly details: RefusalDetails

  constructor(error: GreenloopError, details: RefusalDetails = {}) {
    super(error.message)
    this.error = error
    this.details = details
  }
}

/** An error as problem+json, RFC 9457. What is no {@link GreenloopError} tells nothing of itself but the request id. */
export function problemResponse(error: unknown, requestId: string): Response {
  const known = knownError(error)
  const details = error instanceof Refusal ? error.details : {}
  const problem = problemOf(known, { details, requestId })
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { ...details.headers, 'Content-Type': 'application/problem+json' },
  })
}

/** The error behind whatever was thrown; anything unexpected is `internal`. */
export function knownError(error: unknown): GreenloopError {
  if (error instanceof GreenloopError) return error
  if (error instanceof Refusal) return error.error
  return new GreenloopError('internal', 'the server failed; its log has more under the id of the request')
}

function problemOf(
  error: GreenloopError,
  { details, requestId }: { readonly details: RefusalDetails; readonly requestId: string },
): ApiProblem {
  const entry = errorCatalog[error.code]
  const errors = details.errors ?? error.problems.map(entryOf)
  return {
    type: `urn:greenloop:error:${entry.id}`,
    title: entry.title,
    status: details.status ?? statusOf(error.code),
    detail: error.message,
    code: entry.id,
    name: error.code,
    ...(error.help === undefined ? {} : { help: error.help }),
    ...(error.why === undefined ? {} : { why: error.why }),
    ...(error.place === undefined ? {} : { place: error.place }),
    ...(errors.length === 0 ? {} : { errors: [...errors] }),
    requestId,
    retryable: details.retryable ?? retryable.has(error.code),
  }
}

/** What the caller can mend is 4xx, what somebody else has to mend is 5xx. */
function statusOf(code: ErrorCode): number {
  const { exit } = errorCatalog[code]
  return byCode[code] ?? (exit === 3 || exit === 130 ? 503 : 422)
}

function entryOf({ message, place, help }: Problem): ProblemEntry {
  return { message, ...(place === undefined ? {} : { place }), ...(help === undefined ? {} : { help }) }
}

/** At most this many entries of one problem. */
const entriesKept = 50

/** What a schema found, with a JSON pointer to each place. `from` is put before: `/query`. */
export function issueEntries(error: z.ZodError, from = ''): readonly ProblemEntry[] {
  return error.issues.flatMap((issue) => entriesOf(issue, from)).slice(0, entriesKept)
}

function entriesOf(issue: z.core.$ZodIssue, from: string): readonly ProblemEntry[] {
  const path = `${from}${issue.path.map(segment).join('')}`
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      message: `there is no key \`${shown(key)}\` here`,
      pointer: `${path}${segment(key)}`,
    }))
  }
  const branch = issue.code === 'invalid_union' ? nearestBranch(issue.errors) : undefined
  if (branch !== undefined) return branch.flatMap((inner) => entriesOf(inner, path))
  return [{ message: issue.message, pointer: path, ...hint(issue) }]
}

/** The alternative that fits best is the one that was meant. */
function nearestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  return branches.toSorted((one, other) => one.length - other.length)[0]
}

function hint(issue: z.core.$ZodIssue): { readonly help?: string } {
  if (issue.code !== 'invalid_value' || typeof issue.input !== 'string') return {}
  const meant = nearest(issue.input, issue.values.map(String))
  return meant === undefined ? {} : { help: `did you mean \`${meant}\`?` }
}

function segment(key: PropertyKey): string {
  return `/${shown(String(key)).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

function shown(key: string): string {
  return key.slice(0, 100)
}
