import { stat, statfs } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { ApiSystem } from '../domain/api-admin.ts'
import { GreenloopError } from '../domain/errors.ts'
import { monotonic, now } from '../lib/clock.ts'
import type { Check } from './doctor.ts'
import { withoutSecrets } from './models-shown.ts'
import type { ServiceContext } from './service-context.ts'
import { readSettings } from './settings.ts'
import { isShared, storeFiles } from './store.ts'

/** What the view of the system cannot know by itself. */
export interface SystemFacts {
  readonly version: string
  /** Clients that follow events at this moment. */
  readonly streams: () => number
}

/** How the system is, as often as it is asked. */
export interface SystemMonitor {
  view(): Promise<ApiSystem>
  /** Ends the watching of the event loop. */
  close(): void
}

const checksLastMs = 30_000
/** A model that answers is not paid for another answer so soon. */
const modelLastsMs = 600_000
const resolutionMs = 20
const loopWindowMs = 60_000

/** Begins to watch the process. The checks are made when they are first asked for, and at most twice a minute. */
export function openSystem(service: ServiceContext, { version, streams }: SystemFacts): SystemMonitor {
  const checks = cachedChecks(service)
  const loop = watchLoop()
  return {
    async view() {
      const [disk, queue, bytes] = await Promise.all([diskOf(service), queueOf(service), storeBytes(service.storeAt)])
      return {
        version,
        node: process.versions.node,
        uptimeSeconds: Math.round(process.uptime()),
        checks: [...checks()],
        queue,
        disk,
        memory: { rssBytes: process.memoryUsage.rss() },
        store: isShared(service.storeAt) ? { kind: 'shared' } : { kind: 'embedded', bytes },
        streams: streams(),
        loopDelayMs: loop.delay(),
      }
    },
    close: () => loop.close(),
  }
}

/** The checks as they were found last; who asks never waits for them. */
function cachedChecks(service: ServiceContext): () => readonly Check[] {
  let found: readonly Check[] = [{ name: 'checks', status: 'ok', detail: 'being checked' }]
  let foundAt = Number.NEGATIVE_INFINITY
  let isChecking = false
  let model: { readonly check: Check; readonly at: number } | undefined
  const check = async (): Promise<void> => {
    isChecking = true
    const known = model !== undefined && monotonic() - model.at < modelLastsMs ? model.check : undefined
    found = await checksOf(service, known)
    foundAt = monotonic()
    const answered = found.find(({ name, status }) => name === 'model' && status === 'ok')
    if (known === undefined) model = answered === undefined ? undefined : { check: answered, at: foundAt }
    isChecking = false
  }
  return () => {
    if (!isChecking && monotonic() - foundAt >= checksLastMs) void check()
    return found
  }
}

async function checksOf({ where }: ServiceContext, knownModel: Check | undefined): Promise<readonly Check[]> {
  try {
    const hide = withoutSecrets(await readSettings(where))
    const { diagnose } = await import('./doctor.ts')
    const checks = await diagnose(where, knownModel)
    return checks.map(({ name, status, detail, fix }) => {
      return { name, status, detail: hide(detail), ...(fix === undefined ? {} : { fix: hide(fix) }) }
    })
  } catch (error) {
    // Nobody waits for this promise, so whatever went wrong is what the check says.
    const isOurs = error instanceof GreenloopError
    const detail = error instanceof Error ? error.message : String(error)
    const fix = isOurs ? (error.help ?? `greenloop explain ${error.code}`) : 'greenloop doctor'
    return [{ name: 'checks', status: 'fail', detail, fix }]
  }
}

async function diskOf({ artifacts, root }: ServiceContext): Promise<ApiSystem['disk']> {
  // The folder is made by the first run.
  const { bavail, blocks, bsize } = await statfs(artifacts).catch(() => statfs(root))
  return { folder: artifacts, freeBytes: bavail * bsize, totalBytes: blocks * bsize }
}

const mostQueued = 1000

async function queueOf({ runs, store }: ServiceContext): Promise<ApiSystem['queue']> {
  const load = runs.load()
  if (load.queued === 0) return load
  const queued = await store.list({ states: ['queued'], limit: mostQueued })
  const oldest = queued.at(-1)
  return oldest === undefined ? load : { ...load, oldestQueuedSeconds: Math.round((now() - oldest.createdAt) / 1000) }
}

async function storeBytes(storeAt: string): Promise<number> {
  const sizes = storeFiles(storeAt).map((path) =>
    stat(path).then(
      ({ size }) => size,
      () => 0,
    ),
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

interface LoopWatch {
  delay(): ApiSystem['loopDelayMs']
  close(): void
}

/** How late the event loop was within the last minute or two. */
function watchLoop(): LoopWatch {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  histogram.enable()
  let since = monotonic()
  // What is measured is the distance of two ticks of the timer.
  const late = (percent: number): number => {
    const ms = histogram.count === 0 ? 0 : histogram.percentile(percent) / 1e6 - resolutionMs
    return Math.max(0, Math.round(ms * 10) / 10)
  }
  return {
    delay() {
      const delay = { p50: late(50), p99: late(99) }
      if (monotonic() - since > loopWindowMs) {
        histogram.reset()
        since = monotonic()
      }
      return delay
    },
    close: () => void histogram.disable(),
  }
}
