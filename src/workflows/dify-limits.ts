/** How long is waited for what, in milliseconds, and how much is taken in. */
export interface DifyLimits {
  /** How long a server that is full may let a call wait before it begins to answer. */
  readonly headMs: number
  /** Silence after which a stream counts as broken; the server sends a sign of life every 10 seconds. */
  readonly silenceMs: number
  /** How long the last words of an answer that is complete are waited for. */
  readonly lingerMs: number
  /** Pauses before what is not to be found, or not to be had, is asked for again. */
  readonly lookAgainMs: readonly number[]
  /** Between two looks at a run that goes on. */
  readonly pollMs: number
  /** How long a message without an answer counts as being written. */
  readonly messageMs: number
  /** How long a call that is given up is waited for to say what can be stopped. */
  readonly taskMs: number
  /** How long a stop may take. */
  readonly stopMs: number
  /** How long a question about the app may take. */
  readonly askMs: number
  /** Largest event of a stream, in characters. */
  readonly eventChars: number
  /** Largest answer, in decoded bytes. */
  readonly answerBytes: number
}

/** Limits for servers as they are. */
export const usualLimits: DifyLimits = {
  headMs: 300_000,
  silenceMs: 60_000,
  lingerMs: 3000,
  lookAgainMs: [1000, 3000, 6000],
  pollMs: 2000,
  messageMs: 300_000,
  taskMs: 2000,
  stopMs: 5000,
  askMs: 30_000,
  eventChars: 16 * 1024 * 1024,
  answerBytes: 256 * 1024 * 1024,
}
