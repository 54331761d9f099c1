import pino from 'pino'
import { createRedactor } from '../lib/redact.ts'
import type { RequestLine } from './http-parts.ts'

/** How much is logged. */
type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** The log of a server: a line of JSON for each thing, without secrets. */
export interface ServerLog {
  /** Paths of probes and pages are told at `debug`. */
  request(line: RequestLine): void
  /** What nobody expected; callers see only the id of the request. */
  failure(error: unknown, requestId: string): void
  step(text: string): void
  /** Writes what is left. */
  close(): void
}

/** What a log is made with. */
export interface LogParts {
  readonly level: LogLevel
  /** Values that are taken out wherever they stand, beside everything that has the shape of a secret. */
  readonly secrets?: readonly string[] | undefined
  /** Takes the lines; standard error unless given. */
  readonly write?: ((line: string) => void) | undefined
}

/** Lines that nobody takes are dropped beyond this, rather than holding the server up. */
const mostWaiting = 4 * 1024 * 1024

/** Opens a log. */
export function openLog({ level, secrets = [], write }: LogParts): ServerLog {
  const redactor = createRedactor(secrets)
  const stream = write === undefined ? pino.destination({ fd: 2, sync: false, maxLength: mostWaiting }) : undefined
  const put = write ?? ((line: string) => void stream?.write(line))
  const log = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => put(redactor.text(line)) },
  )
  return {
    request: ({ requestId, method, operation, path, status, ms, caller }) => {
      const facts = { requestId, operation, method, path, status, ms: Math.round(ms * 10) / 10, caller }
      log[levelOf({ operation, status })](facts, 'request')
    },
    failure: (error, requestId) => {
      const stack = error instanceof Error ? error.stack : String(error)
      log.error({ requestId, stack }, 'failed')
    },
    step: (text) => log.info(text),
    close: () => stream?.flushSync(),
  }
}

function levelOf({
  operation,
  status,
}: Pick<RequestLine, 'operation' | 'status'>): 'debug' | 'info' | 'warn' | 'error' {
  if (status >= 500) return 'error'
  if (status >= 400) return 'warn'
  return operation === undefined ? 'debug' : 'info'
}
