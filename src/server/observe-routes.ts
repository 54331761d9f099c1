import { statfs } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { ServiceContext } from '../app/service-context.ts'
import { GreenloopError } from '../domain/errors.ts'
import { after, monotonic, now } from '../lib/clock.ts'
import type { AddRoutes } from './http-app.ts'
import type { Metrics } from './observe-metrics.ts'
import { Refusal } from './problem.ts'

/** What the probes are told by. */
export interface ProbeParts {
  readonly service: ServiceContext
  readonly metrics: Metrics
  /** No more runs are taken. */
  readonly isDraining: () => boolean
  /** Whether `/metrics` wants no token; only for a server at the loopback. */
  readonly isMetricsOpen: boolean
  /** Free bytes below which no run is taken; 256 MiB unless set. */
  readonly reserveBytes?: number | undefined
}

const usualReserveBytes = 256 * 1024 * 1024
/** Everybody may ask, so the store is not asked for each of them. */
const readyLastsMs = 1000
const storeMs = 3000
const probeLastsMs = 60_000

/** `/healthz`, `/startupz`, `/readyz` and `/metrics`. A server that listens has its store open and its runs taken up. */
export function observeRoutes(parts: ProbeParts): AddRoutes {
  const ready = readiness(parts)
  return (app, admit) => {
    app.get('/healthz', (context) => context.text('ok\n'))
    app.get('/startupz', (context) => context.text('ok\n'))
    app.get('/readyz', async (context) => {
      const refusal = await ready()
      if (refusal !== undefined)
        throw new Refusal(refusal, { status: 503, headers: { 'Retry-After': '5' }, retryable: true })
      return context.text('ok\n')
    })
    app.get('/metrics', async (context) => {
      if (!parts.isMetricsOpen) await admit(context, 'read')
      const { type, body } = await parts.metrics.text()
      return context.body(body, 200, { 'Content-Type': type })
    })
  }
}

/** Why the server cannot take work now, as it was found within the last second. */
function readiness(parts: ProbeParts): () => Promise<GreenloopError | undefined> {
  let asked = Number.NEGATIVE_INFINITY
  let found: Promise<GreenloopError | undefined> = Promise.resolve(undefined)
  return async () => {
    if (parts.isDraining()) return new GreenloopError('cancelled', 'the server is being ended and takes no more runs')
    if (monotonic() - asked > readyLastsMs) {
      asked = monotonic()
      found = look(parts)
    }
    return found
  }
}

async function look({ service, reserveBytes = usualReserveBytes }: ProbeParts): Promise<GreenloopError | undefined> {
  const { artifacts, root, store } = service
  try {
    const { bavail, bsize } = await statfs(artifacts).catch(() => statfs(root))
    if (bavail * bsize < reserveBytes) {
      const free = Math.round((bavail * bsize) / 2 ** 20)
      return new GreenloopError('store_full', `only ${free} MiB are free where runs are kept`, {
        help: `make room: ${Math.round(reserveBytes / 2 ** 20)} MiB are wanted`,
      })
    }
    const key = `${hostname()}-${process.pid}`
    const probe = { kind: 'probe', key, value: {}, expiresAt: now() + probeLastsMs }
    return await withinTime(store.documents.put(probe).then(() => undefined))
  } catch (error) {
    return error instanceof GreenloopError
      ? error
      : new GreenloopError('store_unavailable', 'the store does not answer')
  }
}

async function withinTime(work: Promise<undefined>): Promise<GreenloopError | undefined> {
  const { promise, resolve } = Promise.withResolvers<GreenloopError>()
  const timer = after(storeMs, () =>
    resolve(new GreenloopError('store_unavailable', `the store has not written anything for ${storeMs / 1000} s`)),
  )
  try {
    return await Promise.race([work, promise])
  } finally {
    timer.cancel()
  }
}
