import type { ServiceContext } from '../app/service-context.ts'
import type { OperationId } from '../client/routes.ts'
import type { Caller, Handlers } from './handler.ts'
import type { PageFiles } from './http-page.ts'

/** Who callers are, and the book of what they did. */
interface Authenticate {
  byToken(token: string): Promise<Caller | undefined>
  bySession(cookieValue: string): Promise<Caller | undefined>
  audit(entry: {
    readonly who: string
    readonly action: string
    readonly target: string
    readonly outcome: 'done' | 'refused'
    readonly address: string
  }): Promise<void>
}

/** One answered request, for logs and figures. */
export interface RequestLine {
  readonly requestId: string
  readonly method: string
  /** Absent for what is no operation: pages, probes, unknown paths. */
  readonly operation: OperationId | undefined
  readonly path: string
  readonly status: number
  /** Milliseconds until the answer was there; streams go on after it. */
  readonly ms: number
  /** Name of the caller, where one was found. */
  readonly caller: string | undefined
}

/** How fast one caller may ask. */
export interface RateLimit {
  readonly perSecond: number
  readonly burst: number
}

/** What the app is built from. */
export interface AppParts {
  readonly service: ServiceContext
  readonly access: Authenticate
  readonly handlers: Handlers<OperationId>
  /** Names that the server answers to beside those of the loopback; without port. */
  readonly hosts: ReadonlySet<string>
  /** Whether the server itself speaks TLS. */
  readonly isTls: boolean
  readonly page?: PageFiles | undefined
  /** Carries out `POST /mcp` for a caller that was checked. */
  readonly mcp?: ((request: Request, caller: Caller) => Promise<Response>) | undefined
  readonly rate?: RateLimit | undefined
  readonly onRequest?: ((line: RequestLine) => void) | undefined
  /** Told of what nobody expected; the caller sees only the id. */
  readonly onFailure?: ((error: unknown, requestId: string) => void) | undefined
  /** Aborts when the server stops; streams end with it. */
  readonly stopping: AbortSignal
}
