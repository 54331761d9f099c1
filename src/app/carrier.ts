import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { GreenloopError } from '../domain/errors.ts'
import { after } from '../lib/clock.ts'
import { signalGroup } from '../lib/process-tree.ts'
import { received } from './carry.ts'
import type { CarrierOrder, CarrierReport } from './carry.ts'
import type { CarriedOrder } from './hand-in.ts'

/** A process that carries one run. */
export interface Carrier {
  /** Hands an order in. Throws what is wrong with it. */
  handIn(order: CarriedOrder): Promise<void>
  /** Has a run carried out; gives how that ended: `died` where the process ended without a word. */
  go(id: string, storeAt: string): Promise<'over' | 'left' | 'died'>
  cancel(reason: string): void
  /** Lets the process go that has only handed in. */
  leave(): void
  /** Ends the process and everything it has started, without a word to anybody. */
  kill(): void
  isGone(): boolean
  /** Comes back when the process is gone. */
  readonly gone: Promise<void>
}

const ending = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
const program = fileURLToPath(new URL(`../cli/carrier${ending}`, import.meta.url))
/** Making the cases of a large plan takes its time. */
const handInMs = 120_000
const errorsKept = 4000

/**
 * Starts a process. It has a group of its own, so that Ctrl-C in the server's terminal is the server's to pass on, and it
 * goes on to the end of its run when the server is killed.
 */
export function startCarrier(cwd: string, env: Readonly<Record<string, string | undefined>>): Carrier {
  const child = spawn(process.execPath, [program], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const errors = lastOf(child)
  const gone = new Promise<void>((done) => {
    child.once('close', () => done())
    child.once('error', () => done())
  })
  const send = (order: CarrierOrder): void => {
    if (child.connected) child.send(order, () => {})
  }
  const answer = (): Promise<CarrierReport | undefined> =>
    Promise.race([
      new Promise<CarrierReport>((done) => child.once('message', (message) => done(message as CarrierReport))),
      gone.then(() => undefined),
    ])
  const kill = (): void => {
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL')
  }
  return {
    gone,
    isGone: () => child.exitCode !== null || child.signalCode !== null,
    kill,
    cancel: (reason) => send({ kind: 'cancel', reason }),
    leave: () => send({ kind: 'leave' }),
    handIn: async (order) => {
      const limit = after(handInMs, kill)
      const reported = answer()
      send({ kind: 'hand-in', order })
      const report = await reported
      limit.cancel()
      if (report?.kind === 'on-record') return
      if (report?.kind === 'refused') throw received(report.error)
      throw new GreenloopError('internal', 'the process that was to carry the run ended', { why: errors() })
    },
    go: async (id, storeAt) => {
      const reported = answer()
      send({ kind: 'go', id, storeAt })
      const report = await reported
      await gone
      return report === undefined ? 'died' : report.kind === 'left' ? 'left' : 'over'
    },
  }
}

/** What a process said last on its standard error. */
function lastOf(child: ChildProcess): () => string {
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    text = (text + piece).slice(-errorsKept)
  })
  return () => text.trim()
}
