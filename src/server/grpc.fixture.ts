import type { RepairService, RepairView, StartWish } from '../app/repair-service.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { RepairPhase, RepairState } from '../domain/repair.ts'
import type { RunEvent, StoredRun } from '../domain/stored-run.ts'

/** A service whose runs are told what happens to them. */
export interface ScriptedService extends RepairService {
  readonly wishes: StartWish[]
  readonly cancelled: string[]
  /** Something happened in a run. */
  tell(id: string, kind: string, data: Record<string, unknown>): void
  /** A run went on to a phase; with an end it is over. */
  move(id: string, phase: RepairPhase, change?: Partial<RepairState>): void
}

/** A repair service in memory, which keeps its promises about keys and events. */
export function scriptedService(): ScriptedService {
  const runs = new Map<string, { view: RepairView; events: RunEvent[] }>()
  const keys = new Map<string, string>()
  const wishes: StartWish[] = []
  const cancelled: string[] = []
  const of = (id: string) => {
    const run = runs.get(id)
    if (run === undefined) throw new GreenloopError('run_unknown', `there is no repair \`${id}\``)
    return run
  }
  const tell = (id: string, kind: string, data: Record<string, unknown>): void => {
    const { events } = of(id)
    events.push({ seq: events.length + 1, at: 1_700_000_000_000 + events.length, kind, data })
  }
  return {
    wishes,
    cancelled,
    tell,
    move: (id, phase, change = {}) => {
      const run = of(id)
      const state: RepairState = { ...(run.view.state ?? empty), phase, ...change }
      const isOver = change.end !== undefined
      run.view = { ...run.view, state, standing: isOver ? 'finished' : 'running' }
      tell(id, 'repair', { text: phase, state })
    },
    start: async (wish) => {
      if (wish.overrides.project === 'busy') throw new GreenloopError('budget_reached', 'as many run as may')
      if (wish.overrides.project === 'locked') throw new GreenloopError('forge_auth_failed', 'the token is refused')
      const known = keys.get(wish.idempotencyKey)
      if (known !== undefined) return of(known).view
      wishes.push(wish)
      const id = `run-${runs.size + 1}`
      const run = runOf(id, wish.overrides.project)
      keys.set(wish.idempotencyKey, id)
      runs.set(id, { view: { run, standing: 'running' }, events: [] })
      return of(id).view
    },
    get: async (id) => of(id).view,
    list: async (limit, before) => {
      const all = [...runs.values()].map(({ view }) => view).toReversed()
      const from = before === undefined ? 0 : all.findIndex(({ run }) => run.id === before.id) + 1
      return all.slice(from, from + limit)
    },
    events: async (id, afterSeq) => {
      return of(id)
        .events.filter(({ seq }) => seq > afterSeq)
        .slice(0, 100)
    },
    cancel: async (id) => {
      cancelled.push(id)
      return of(id).view
    },
    playGate: async (id, job) => {
      of(id)
      if (job !== 'deploy') throw new GreenloopError('run_conflict', `the run ${id} waits for no job \`${job}\``)
      return 'http://127.0.0.1/jobs/7'
    },
    close: async () => {},
  }
}

function runOf(id: string, title = 'demo/basket'): StoredRun {
  return { id, kind: 'repair', title, input: {}, state: 'running', createdAt: 1_700_000_000_000, epoch: 1 }
}

const empty: RepairState = {
  phase: 'queued',
  projectPath: 'demo/basket',
  rounds: [],
  retries: {},
  flaky: [],
  spentMs: 0,
  tokens: 0,
  costUsd: 0,
  notes: [],
}
