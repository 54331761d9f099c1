import { GreenloopError } from '../domain/errors.ts'
import { after } from '../lib/clock.ts'
import { startPython } from './check-python-process.ts'
import type { PythonPlace, PythonProcess } from './check-python-process.ts'

/** How long a line may take, and who may give it up. */
interface ExchangeLimits {
  readonly timeoutSeconds: number
  readonly signal: AbortSignal
}

/** An interpreter that is started when it is needed, and again after it died. One line at a time. */
export interface PythonSession {
  /**
   * Sends a line and gives the one that comes back. Throws `judge_failed` when the interpreter dies or takes too long,
   * and the signal's reason when it aborts; in both cases the interpreter is ended.
   */
  exchange(line: string, limits: ExchangeLimits): Promise<string>
  close(): Promise<void>
}

interface Waiting {
  readonly settle: (line: string) => void
  readonly reject: (reason: Error) => void
}

/** Makes a {@link PythonSession}; nothing is started yet. */
export function createPythonSession(place: PythonPlace): PythonSession {
  let running: PythonProcess | undefined
  let waiting: Waiting | undefined
  let closed = false

  const start = (): PythonProcess => {
    // What a process that was given up still says is for nobody.
    const started: PythonProcess = startPython(place, (line) => {
      if (running === started) waiting?.settle(line)
    })
    const watch = async (): Promise<void> => {
      const how = await started.ended
      if (running !== started) return
      running = undefined
      waiting?.reject(new GreenloopError('judge_failed', how))
    }
    void watch()
    return started
  }
  const stop = (reason: Error): void => {
    running?.kill()
    running = undefined
    waiting?.reject(reason)
  }
  return {
    exchange: async (line, { timeoutSeconds, signal }) => {
      signal.throwIfAborted()
      if (closed) throw new GreenloopError('judge_failed', 'the evaluation is closed already')
      const onAbort = (): void => stop(signal.reason as Error)
      const late = new GreenloopError('judge_failed', `the Python check took longer than ${timeoutSeconds} s`)
      const timer = after(timeoutSeconds * 1000, () => stop(late))
      signal.addEventListener('abort', onAbort, { once: true })
      try {
        return await new Promise<string>((settle, reject) => {
          waiting = { settle, reject }
          running ??= start()
          running.send(line)
        })
      } finally {
        waiting = undefined
        timer.cancel()
        signal.removeEventListener('abort', onAbort)
      }
    },
    close: async () => {
      closed = true
      const last = running
      stop(new GreenloopError('judge_failed', 'the evaluation was closed before the check was made'))
      await last?.ended
    },
  }
}
