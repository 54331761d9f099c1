import { Metadata } from '@grpc/grpc-js'
import type { StatusObject } from '@grpc/grpc-js'
import { GreenloopError } from '../domain/errors.ts'
import type { ErrorCode } from '../domain/errors.ts'

/** Status codes of gRPC by their numbers. */
const status = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const

const byCode: Readonly<Partial<Record<ErrorCode, number>>> = {
  usage_invalid: status.invalidArgument,
  repair_invalid: status.invalidArgument,
  config_invalid: status.invalidArgument,
  variable_missing: status.invalidArgument,
  file_missing: status.invalidArgument,
  run_unknown: status.notFound,
  forge_not_found: status.notFound,
  run_conflict: status.failedPrecondition,
  repair_conflict: status.failedPrecondition,
  forge_auth_failed: status.failedPrecondition,
  git_auth_failed: status.failedPrecondition,
  budget_reached: status.resourceExhausted,
  store_full: status.resourceExhausted,
  lease_lost: status.aborted,
  forge_unavailable: status.unavailable,
  forge_rate_limited: status.unavailable,
  store_unavailable: status.unavailable,
  llm_unreachable: status.unavailable,
  llm_timeout: status.deadlineExceeded,
}

/** Reasons of `google.rpc.ErrorInfo`, where the status alone does not tell. */
const reasons: Readonly<Partial<Record<ErrorCode, string>>> = {
  forge_auth_failed: 'GITLAB_AUTH',
  git_auth_failed: 'GITLAB_AUTH',
}

/** An error as gRPC carries it: status, message, the code of Greenloop, and an ErrorInfo. */
export function statusOf(error: unknown): Partial<StatusObject> {
  const metadata = new Metadata()
  if (!(error instanceof GreenloopError)) return { code: status.internal, details: 'internal error', metadata }
  const code = byCode[error.code] ?? status.internal
  const details = [error.message, error.help].filter((text) => text !== undefined).join('; ')
  metadata.set('greenloop-code', error.code)
  const reason = reasons[error.code] ?? error.code.toUpperCase()
  metadata.set('grpc-status-details-bin', statusDetails({ code, message: details, reason }))
  return { code, details, metadata }
}

/** The caller's own token is missing or wrong. */
export function unauthenticated(): Partial<StatusObject> {
  return {
    code: status.unauthenticated,
    details: 'the token of the service is missing or wrong',
    metadata: new Metadata(),
  }
}

/** `google.rpc.Status` with one `google.rpc.ErrorInfo`, in the wire format of protocol buffers. */
function statusDetails({
  code,
  message,
  reason,
}: {
  readonly code: number
  readonly message: string
  readonly reason: string
}): Buffer {
  const info = Buffer.concat([bytesField(1, reason), bytesField(2, 'greenloop')])
  const any = Buffer.concat([bytesField(1, 'type.googleapis.com/google.rpc.ErrorInfo'), bytesField(2, info)])
  return Buffer.concat([Buffer.from([0x08, code]), bytesField(2, message), bytesField(3, any)])
}

function bytesField(number: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return Buffer.from([...bytes, rest])
}
