import type { ServerResponse } from 'node:http'
import type { Scope } from '../domain/api-common.ts'
import type { Answer, Given, OperationId } from '../client/routes.ts'

/** Who asks. */
export interface Caller {
  /** Name of the token, or `page`. */
  readonly name: string
  readonly scope: Scope
  readonly via: 'cookie' | 'token'
  /** When the session or the token ends, in epoch milliseconds. */
  readonly expiresAt?: number | undefined
}

/** A call besides what it was given. */
export interface Call {
  /** Absent only for operations of scope `none`. */
  readonly caller: Caller | undefined
  readonly request: Request
  readonly requestId: string
  /** Address of the other side. */
  readonly address: string
  /** Aborts when the other side has gone, or the server stops. */
  readonly signal: AbortSignal
  /**
   * The response of Node itself, for streams to thousands; absent where a call comes from no socket. Headers that were set on it
   * go out with the stream.
   */
  readonly raw?: { readonly outgoing: ServerResponse } | undefined
}

/** JSON with headers of its own: `ETag`, `Location`. */
export interface Reply<T> {
  readonly answer: T
  readonly headers: Readonly<Record<string, string>>
}

/** Carries out operations. Gives JSON, JSON with headers ({@link Reply}), or a whole response; throws `GreenloopError`s. */
export type Handlers<K extends OperationId> = {
  readonly [P in K]: (given: Given<P>, call: Call) => Promise<Answer<P> | Reply<Answer<P>> | Response>
}

/** JSON with headers of its own. */
export function reply<T>(answer: T, headers: Readonly<Record<string, string>>): Reply<T> {
  return { answer, headers }
}
