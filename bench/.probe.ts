import { parsePolicy } from '../src/domain/policy.ts'
import { runWorker } from '../src/engine/worker.ts'
import { submitRun } from '../src/engine/worker-submit.ts'
import { systemClock } from '../src/lib/clock.ts'
import { random } from '../src/lib/random.ts'
import { openPgBossQueue } from '../src/queue/pg-boss.ts'
import { openPostgresStore } from '../src/store/postgres.ts'
import { findPostgres } from '../tests/support/postgres.ts'
import { handlersOf } from '../tests/support/worker-program.ts'
const pgx = await findPostgres()
const url = pgx.url, schema = pgx.schema(), queueSchema = pgx.schema()
const N = Number(process.argv[2] ?? 20000)
const store0 = await openPostgresStore({ url, schema }); const queue0 = await openPgBossQueue({ url, schema: queueSchema }); await queue0.start()
const stats = new Map()
const timed = (label, o) => new Proxy(o, { get(t, k) { const v = t[k]; if (typeof v !== 'function') return v; return (...a) => { const s = performance.now(); const r = v.apply(t, a); if (r?.then) return r.then((x) => { const e = stats.get(label + k) ?? { n: 0, ms: 0, size: 0 }; e.n++; e.ms += performance.now() - s; e.size += Array.isArray(a[0]) ? a[0].length : Array.isArray(x) ? x.length : 0; stats.set(label + k, e); return x }); return r } } })
const store = timed('store.', store0), queue = timed('queue.', queue0)
const id = 'p'
const t0 = performance.now()
await submitRun({ store: store0, queue: queue0, clock: systemClock }, { id, kind: 'trial', title: '', input: null, policy: parsePolicy({ concurrency: 256, timeoutSeconds: 60, retry: { maxAttempts: 3 } }) }, (function* () { for (let i = 0; i < N; i++) yield { id: 't' + i, payload: { i } } })())
console.log('submit/s', N / (performance.now() - t0) * 1000)
const stop = new AbortController()
const result = 'x'.repeat(1000)
const t1 = performance.now()
const w = runWorker({ store, queue, handlers: handlersOf(() => () => Promise.resolve(result)), slots: 256, clock: systemClock, random, log: console.log }, stop.signal)
let done = 0
while (done < N) { const [n] = await store0.unfinished(id, done - 1, 1); done = n?.seq ?? N; await new Promise((r) => setTimeout(r, 20)) }
const s = (performance.now() - t1) / 1000
console.log('work/s', N / s)
for (const [k, e] of [...stats].sort((a, b) => b[1].ms - a[1].ms)) console.log(k.padEnd(24), 'n', e.n, 'ms each', (e.ms / e.n).toFixed(2), 'total', e.ms.toFixed(0), 'size each', (e.size / e.n).toFixed(0))
stop.abort(); await w; await queue0.stop(); await store0.close(); await pgx.drop()
