import { stat, statfs } from 'node:fs/promises'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { ServiceContext } from '../app/service-context.ts'
import { isOver } from '../app/standing.ts'
import { storeFiles } from '../app/store.ts'
import type { ModelCall } from '../domain/generation.ts'
import type { StoredRun } from '../domain/stored-run.ts'
import { now } from '../lib/clock.ts'
import type { RequestLine } from './http-parts.ts'

/** Figures of a server in the form of Prometheus. No label holds the id of a run or anything else without bound. */
export interface Metrics {
  request(line: RequestLine): void
  text(): Promise<{ readonly type: string; readonly body: string }>
  close(): void
}

const prefix = 'greenloop_'
const runSeconds = [1, 5, 15, 60, 300, 900, 3600, 14_400]
const requestSeconds = [0.005, 0.02, 0.1, 0.5, 2, 10]
const callSeconds = [0.5, 2, 5, 15, 60, 300]
/** Runs that were counted lately, so that none counts twice. */
const remembered = 1000
const mostQueued = 1000
/** Scripts that a run makes at most. */
const mostScripts = 1000

/** Begins to count. `streams` gives the clients that follow events. */
export function openMetrics(service: ServiceContext, streams: () => number): Metrics {
  const register = new Registry()
  collectDefaultMetrics({ register })
  gauges(service, { register, streams })
  const requests = new Counter({
    name: `${prefix}http_requests_total`,
    help: 'Requests by operation and status.',
    labelNames: ['operation', 'status'] as const,
    registers: [register],
  })
  const seconds = new Histogram({
    name: `${prefix}http_request_seconds`,
    help: 'Seconds until an answer was there.',
    labelNames: ['operation'] as const,
    buckets: requestSeconds,
    registers: [register],
  })
  const count = runCounter(service, register)
  const stop = service.runs.onChange((run) => void count(run).catch(() => {}))
  return {
    request: ({ operation = 'none', status, ms }) => {
      requests.inc({ operation, status })
      seconds.observe({ operation }, ms / 1000)
    },
    text: async () => ({ type: register.contentType, body: await register.metrics() }),
    close: () => {
      stop()
      register.clear()
    },
  }
}

/** Figures that are read when they are asked for. */
function gauges(
  { runs, store, storeAt, artifacts, root }: ServiceContext,
  { register, streams }: { readonly register: Registry; readonly streams: () => number },
): void {
  const gauge = (name: string, help: string, read: () => number | Promise<number>): Gauge => {
    return new Gauge({
      name: `${prefix}${name}`,
      help,
      registers: [register],
      async collect() {
        // A figure that cannot be had now is left as it was; the others are told.
        const value = await Promise.resolve(read()).catch(() => undefined)
        if (value !== undefined) this.set(value)
      },
    })
  }
  gauge('queue_runs', 'Runs that wait.', () => runs.load().queued)
  gauge('running_runs', 'Runs that go on here.', () => runs.load().running)
  gauge('run_slots', 'Runs that may go on here side by side.', () => runs.load().slots)
  gauge('queue_oldest_seconds', 'Age of the oldest run that waits.', async () => {
    const oldest = (await store.list({ states: ['queued'], limit: mostQueued })).at(-1)
    return oldest === undefined ? 0 : (now() - oldest.createdAt) / 1000
  })
  gauge('stream_clients', 'Clients that follow events.', streams)
  gauge('disk_free_bytes', 'Free bytes where runs are kept.', async () => {
    const { bavail, bsize } = await statfs(artifacts).catch(() => statfs(root))
    return bavail * bsize
  })
  gauge('store_bytes', 'Bytes of the embedded store with its log; 0 for a database server.', async () => {
    return (await Promise.all(storeFiles(storeAt).map(sizeOf))).reduce((sum, size) => sum + size, 0)
  })
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

/** Counts a run once, when it is over, with the calls of models that it made. */
function runCounter({ store }: Pick<ServiceContext, 'store'>, register: Registry) {
  const registers = [register]
  const counted = new Set<string>()
  const over = new Counter({
    name: `${prefix}runs_total`,
    help: 'Runs that are over.',
    labelNames: ['kind', 'state', 'verdict'] as const,
    registers,
  })
  const seconds = new Histogram({
    name: `${prefix}run_seconds`,
    help: 'Seconds from the beginning of a run to its end.',
    labelNames: ['kind'] as const,
    buckets: runSeconds,
    registers,
  })
  const countCall = callCounter(registers)
  return async (run: StoredRun): Promise<void> => {
    if (!isOver(run) || counted.has(run.id)) return
    counted.add(run.id)
    const [oldest] = counted
    if (counted.size > remembered && oldest !== undefined) counted.delete(oldest)
    const { kind, state, verdict = 'none', startedAt, finishedAt } = run
    over.inc({ kind, state, verdict })
    if (startedAt !== undefined && finishedAt !== undefined) seconds.observe({ kind }, (finishedAt - startedAt) / 1000)
    const { events } = await store.eventsOfKinds(run.id, { kinds: ['generated'], afterSeq: 0, limit: mostScripts })
    for (const event of events) {
      for (const call of (event.data as { readonly calls?: readonly ModelCall[] }).calls ?? []) countCall(call)
    }
  }
}

function callCounter(registers: Registry[]): (call: ModelCall) => void {
  const calls = new Counter({
    name: `${prefix}llm_calls_total`,
    help: 'Calls of models for scripts.',
    labelNames: ['provider', 'outcome', 'error'] as const,
    registers,
  })
  const tokens = new Counter({
    name: `${prefix}llm_tokens_total`,
    help: 'Tokens of those calls.',
    labelNames: ['provider', 'direction'] as const,
    registers,
  })
  const seconds = new Histogram({
    name: `${prefix}llm_call_seconds`,
    help: 'Seconds of those calls.',
    labelNames: ['provider'] as const,
    buckets: callSeconds,
    registers,
  })
  return ({ provider, outcome, usage, durationMs, error = 'none' }) => {
    calls.inc({ provider, outcome, error })
    tokens.inc({ provider, direction: 'input' }, usage.inputTokens)
    tokens.inc({ provider, direction: 'output' }, usage.outputTokens)
    seconds.observe({ provider }, durationMs / 1000)
  }
}
