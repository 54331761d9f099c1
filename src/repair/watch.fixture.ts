import type { CiLint, Forge, ForgeJob, ForgePipeline, MergeRequest } from '../domain/forge.ts'
import type { RepairEvent } from '../domain/repair.ts'
import { createVirtualClock } from '../lib/virtual-clock.ts'
import type { VirtualClock } from '../lib/virtual-clock.ts'
import type { WatchParts } from './watch.ts'

/** A job that differs from a green one. */
export function jobOf(change: Partial<ForgeJob> = {}): ForgeJob {
  return {
    id: 1,
    projectId: 7,
    pipelineId: 100,
    name: 'test',
    stage: 'test',
    status: 'success',
    allowFailure: false,
    webUrl: 'https://gitlab.test/jobs/1',
    isRetried: false,
    kind: 'job',
    ...change,
  }
}

/** A pipeline of the commit `abc` on the branch `greenloop/x`. */
export function pipelineOf(change: Partial<ForgePipeline> = {}): ForgePipeline {
  return {
    id: 100,
    projectId: 7,
    sha: 'abc',
    ref: 'greenloop/x',
    status: 'success',
    source: 'push',
    webUrl: 'https://gitlab.test/pipelines/100',
    ...change,
  }
}

/** What a scripted host says, by the moment (milliseconds since its start) at which it is asked. */
interface Script {
  readonly status?: (ms: number) => string
  readonly jobs?: (ms: number) => readonly ForgeJob[]
  readonly pipelines?: (ms: number) => readonly ForgePipeline[]
  readonly head?: (ms: number) => MergeRequest['headPipeline']
  readonly lint?: Partial<CiLint>
  readonly create?: () => ForgePipeline
  readonly trace?: (ms: number) => string
  readonly woken?: WatchParts['woken']
}

const never: WatchParts['woken'] = (signal) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })

/** Parts around a scripted host on a virtual clock; `calls` tells what was asked and when. */
export function createScripted(script: Script = {}) {
  const clock = createVirtualClock()
  const events: RepairEvent[] = []
  const calls: string[] = []
  const asked = <T>(call: string, value: T): Promise<T> => {
    calls.push(`${clock.now()} ${call}`)
    return Promise.resolve(value)
  }
  const at = () => clock.now()
  const forge: Partial<Forge> = {
    pipeline: (_project, id) => asked('pipeline', pipelineOf({ id, status: script.status?.(at()) ?? 'success' })),
    jobs: () => asked('jobs', script.jobs?.(at()) ?? []),
    pipelines: () => asked('pipelines', script.pipelines?.(at()) ?? []),
    mergeRequest: () => asked('mergeRequest', { headPipeline: script.head?.(at()) } as MergeRequest),
    lint: () => asked('lint', { isValid: true, errors: [], warnings: [], ...script.lint }),
    createPipeline: async () => asked('create', (script.create ?? pipelineOf)()),
    trace: () => asked('trace', script.trace?.(at()) ?? ''),
  }
  const parts: WatchParts = {
    forge: forge as Forge,
    clock,
    random: () => 0.5,
    polling: { firstMs: 3000, longestMs: 30_000, appearMs: 20_000, pendingMs: 900_000 },
    woken: script.woken ?? never,
    emit: (event) => events.push(event),
  }
  return { parts, clock, events, calls }
}

/** Lets the clock run until a promise has settled, and gives what it came to. */
export async function onClock<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  const taken = work.catch(() => undefined)
  await clock.run({ maxTimers: 10_000 })
  await taken
  return work
}
