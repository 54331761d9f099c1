// A worker as a process of its own, with a handler that does what each payload says and writes each execution down.
import { appendFileSync } from 'node:fs'
import { runWorker } from '../../src/engine/worker.ts'
import type { HandlerFactory } from '../../src/engine/worker-lane.ts'
import { failed } from '../../src/domain/task.ts'
import type { TaskContext } from '../../src/domain/task.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { random } from '../../src/lib/random.ts'
import { openPgBossQueue } from '../../src/queue/pg-boss.ts'
import type { LossLimits } from '../../src/queue/jobs.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'

/** What a task of these tests does. */
export interface Act {
  /** Milliseconds that it takes, unless its signal aborts. */
  readonly ms?: number
  /** `kill` ends the process at once; `flaky` fails at its first attempt. */
  readonly ending?: 'succeed' | 'fail' | 'flaky' | 'throw' | 'kill'
  /** Length of the output in characters. */
  readonly bytes?: number
}

/** How a worker of these tests is set up. */
export interface WorkerSetup {
  readonly url: string
  readonly schema: string
  readonly queueSchema: string
  readonly slots: number
  /** Each execution adds a line to it: `run task attempt begin|end|abort pid time`. */
  readonly sideFile: string
  readonly heartbeatSeconds?: number
  readonly lossLimits?: LossLimits
  readonly lossesBorne?: number
  readonly graceMs?: number
}

/** A handler that does what the payload says and notes each beginning and end in the side file. */
export function actHandler(sideFile: string): HandlerFactory {
  return (run) => {
    const note = (id: string, { attempt }: TaskContext, what: string): void =>
      appendFileSync(sideFile, `${run.id} ${id} ${attempt} ${what} ${process.pid} ${Date.now()}\n`)
    return async (task, context) => {
      const { ms = 0, ending = 'succeed', bytes = 0 } = task.payload as Act
      note(task.id, context, 'begin')
      if (ending === 'kill') process.kill(process.pid, 'SIGKILL')
      try {
        if (ms > 0) await systemClock.sleep(ms, context.signal)
      } catch (error) {
        note(task.id, context, 'abort')
        throw error
      }
      note(task.id, context, 'end')
      if (ending === 'throw' || (ending === 'flaky' && context.attempt === 1)) throw new Error('the system is down')
      return ending === 'fail' ? failed('the answer is no') : 'x'.repeat(bytes)
    }
  }
}

/** The same handler for every kind of run. */
export function handlersOf(factory: HandlerFactory) {
  return {
    trial: factory,
    generate: factory,
    execute: factory,
    pipeline: factory,
    experiment: factory,
    repair: factory,
  }
}

async function main(setup: WorkerSetup): Promise<void> {
  const { url, schema, queueSchema, slots, sideFile, heartbeatSeconds = 10, lossLimits } = setup
  const log = (line: string): void => console.error(line)
  const stop = new AbortController()
  process.once('SIGTERM', () => stop.abort())
  const store = await openPostgresStore({ url, schema })
  const queue = await openPgBossQueue({ url, schema: queueSchema, heartbeatSeconds, lossLimits, onWarning: log })
  await queue.start()
  console.log('ready')
  await runWorker(
    {
      ...setup,
      store,
      queue,
      handlers: handlersOf(actHandler(sideFile)),
      slots,
      clock: systemClock,
      random,
      log,
    },
    stop.signal,
  )
  await queue.stop()
  await store.close()
  console.log('stopped')
}

if (process.argv[1] === import.meta.filename) await main(JSON.parse(process.argv[2] ?? '{}') as WorkerSetup)
