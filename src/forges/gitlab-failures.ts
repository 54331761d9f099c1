/** A request that got no answer that could be read. */
export interface ExchangeFailure {
  readonly kind: 'failure'
  readonly reason: string
  /** A code for the log of operations: `ECONNRESET`, `timeout`. */
  readonly code: string
  /** Whether another try may go better. */
  readonly isPassing: boolean
  /** Whether the host may have acted on it. */
  readonly maybeSent: boolean
  readonly isGarbled: boolean
  readonly help?: string | undefined
}

/** The failure of a request that took longer than `ms` milliseconds. */
export function timeoutFailure(ms: number): ExchangeFailure {
  const reason = `no complete answer within ${ms / 1000} s`
  return { kind: 'failure', reason, code: 'timeout', isPassing: true, maybeSent: true, isGarbled: false }
}

/** The failure of an answer that is not of the protocol. */
export function garbledFailure(reason: string): ExchangeFailure {
  return { kind: 'failure', reason, code: 'garbled', isPassing: false, maybeSent: true, isGarbled: true }
}

/**
 * The failure of a connection. The error itself is not kept: those of Node hold bytes of the answer, which may repeat what
 * was sent.
 */
export function connectionFailure(error: unknown, maybeSent: boolean): ExchangeFailure {
  const code = codeOf(error)
  if (/^(?:HPE_|Z_|ERR_BROTLI|ERR__ERROR_FORMAT|ERR_PADDING)/.test(code)) {
    return { ...garbledFailure(`the answer is not HTTP as it should be (${code})`), code }
  }
  const known = reasons[code]
  if (known !== undefined) {
    return { kind: 'failure', reason: `${known} (${code})`, code, isPassing: true, maybeSent, isGarbled: false }
  }
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO|ALTNAME|EPROTO/.test(code)) {
    const reason = `no secure connection can be had (${code})`
    const help =
      'name the certificate authority of the host in `services.gitlab_ca_file`, and check `https://` or `http://`'
    return { kind: 'failure', reason, code, isPassing: false, maybeSent: false, isGarbled: false, help }
  }
  return {
    kind: 'failure',
    reason: `the connection failed (${code})`,
    code,
    isPassing: true,
    maybeSent,
    isGarbled: false,
  }
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'the host name cannot be resolved',
  EAI_AGAIN: 'the host name could not be resolved just now',
  ECONNRESET: 'the connection broke off',
  EPIPE: 'the connection broke off',
  ERR_STREAM_PREMATURE_CLOSE: 'the answer broke off',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no network',
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return 'unknown'
  return typeof error.code === 'string' ? error.code.slice(0, 80) : 'unknown'
}
