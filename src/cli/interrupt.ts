import { GreenloopError } from '../domain/errors.ts'

/** Signal names to exit codes, as shells count them. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const

/** The two stages of ending a command from outside. */
export interface Interrupt {
  readonly signal: AbortSignal
  /** Exit code of the signal that came, or undefined. */
  code(): number | undefined
  /** Gives the signals back to Node. */
  release(): void
}

/**
 * The first Ctrl-C (or SIGTERM) aborts: running work is ended, what is finished is written.
 * The second ends the process at once.
 */
export function watchInterrupts(note: (text: string) => void): Interrupt {
  const controller = new AbortController()
  let code: number | undefined
  const onSignal = (name: keyof typeof exitCodes): void => {
    if (code !== undefined) process.exit(exitCodes[name])
    code = exitCodes[name]
    note(`\ngreenloop: ${name === 'SIGINT' ? 'interrupted' : 'asked to end'}, finishing up; once more ends at once\n`)
    controller.abort(new GreenloopError('cancelled', 'the command was interrupted'))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    signal: controller.signal,
    code: () => code,
    release: () => {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}
