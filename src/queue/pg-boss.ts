import type { PgBoss } from 'pg-boss'
import { GreenloopError } from '../domain/errors.ts'
import type { Lease, LeaseQueue, NewChunk } from '../domain/queue.ts'
import { groupOf, jobOf, leasesOf, touchedIds } from './jobs.ts'
import type { LossLimits } from './jobs.ts'
import { statementsFor } from './statements.ts'

/** Where the queue lies and how patient it is. */
export interface PgBossOptions {
  readonly url: string
  /** PostgreSQL schema of pg-boss's tables: letters, digits and underscores. */
  readonly schema?: string | undefined
  /** A holder that is silent for so long has lost its chunks. */
  readonly heartbeatSeconds?: number | undefined
  /** Losses that a chunk and a single task survive. */
  readonly lossLimits?: LossLimits | undefined
  /** Connections at most. */
  readonly connections?: number | undefined
  /** Told of trouble in the background. */
  readonly onWarning?: ((text: string) => void) | undefined
}

const chunkQueue = 'chunks'
const aloneQueue = 'alone'
const queues = [chunkQueue, aloneQueue]
/** A failed chunk waits so long for whoever writes down what became of its tasks. */
const keepFailedSeconds = 86_400
const maintenanceSeconds = 60

/**
 * Chunks as jobs of pg-boss in a database of PostgreSQL. Nothing runs in the background: whoever leads calls
 * `supervise`. Throws `store_unavailable` where the database does not answer.
 */
export async function openPgBossQueue(options: PgBossOptions): Promise<LeaseQueue> {
  const { url, schema = 'greenloop_queue', heartbeatSeconds = 10, connections = 4 } = options
  if (!/^[a-z_][a-z0-9_]{0,49}$/.test(schema))
    throw new GreenloopError('config_invalid', `\`${schema}\` cannot be the name of a schema`)
  // Opening it costs a tenth of a second, which only those pay who have workers.
  const { PgBoss } = await import('pg-boss')
  const boss = new PgBoss({
    connectionString: url,
    schema,
    max: connections,
    application_name: 'greenloop queue',
    schedule: false,
    supervise: false,
    // The least that pg-boss takes; the pace is that of the calls of `supervise`.
    superviseIntervalSeconds: 1,
    monitorIntervalSeconds: 1,
    maintenanceIntervalSeconds: maintenanceSeconds,
    // A long queue is what workers are for.
    warningQueueSize: 2 ** 31 - 1,
  })
  boss.on('error', (error) => options.onWarning?.(`queue: ${error.message}`))
  boss.on('warning', ({ message }) => options.onWarning?.(`queue: ${message}`))
  const lossLimits = options.lossLimits ?? { chunk: 3, alone: 2 }
  return createQueue(boss, schema, { heartbeatSeconds, lossLimits })
}

function createQueue(boss: PgBoss, schema: string, defaults: Parameters<typeof jobOf>[1]): LeaseQueue {
  const sql = statementsFor(schema)
  const run = (text: string, values: unknown[]): Promise<{ rows: unknown[] }> =>
    translated(() => boss.getDb().executeSql(text, values))
  return {
    heartbeatMs: defaults.heartbeatSeconds * 1000,
    start: () =>
      translated(async () => {
        await boss.start()
        for (const name of queues) await boss.createQueue(name, { deleteAfterSeconds: keepFailedSeconds })
        const { rows } = await boss.getDb().executeSql(sql.isBare)
        if (rows.length > 0) await boss.getDb().executeSql(sql.prepare)
      }),
    async put(chunks, tx) {
      for (const [name, part] of byQueue(chunks)) {
        const rows = part.map((chunk) => jobOf(chunk, defaults))
        await boss.insert(name, rows, { db: tx })
      }
    },
    async claim(max, alone) {
      const name = alone ? aloneQueue : chunkQueue
      return leasesOf(await translated(() => boss.fetch(name, { batchSize: max })), alone)
    },
    async renew(leases, tx) {
      const touch = (name: string, part: readonly Lease[]): Promise<unknown> =>
        boss.touch(name, attemptsOf(part), tx === undefined ? {} : { db: tx })
      return eachQueue(leases, tx === undefined ? (name, part) => translated(() => touch(name, part)) : touch)
    },
    // Deleting costs half of what completing and deleting later does, and the results are kept elsewhere.
    settle: (leases, tx) => eachQueue(leases, (name, part) => boss.deleteJob(name, attemptsOf(part), { db: tx })),
    async release(runId, batch = 999_999_999) {
      await run(sql.release, [chunkQueue, groupOf(runId, 0), groupOf(runId, batch)])
    },
    async pending(runId) {
      const { rows } = await run(sql.pending, [queues, runId])
      return (rows as { count: number }[])[0]?.count ?? 0
    },
    supervise: () => translated(() => boss.supervise()),
    async exhausted(limit) {
      const rows = (await run(sql.exhausted, [queues, limit])).rows as { name: string }[]
      return rows.flatMap((row) => leasesOf([row], row.name === aloneQueue))
    },
    async discard(leases, tx) {
      const { rows } = await tx.executeSql(sql.discard, [queues, leases.map(({ jobId }) => jobId)])
      return new Set((rows as { id: string }[]).map(({ id }) => id))
    },
    stop: () => translated(() => boss.stop({ graceful: false })),
  }
}

/** pg-boss fences by (id, retryCount) where it gets both. */
function attemptsOf(leases: readonly Lease[]): { id: string; retryCount: number }[] {
  return leases.map(({ jobId, retryCount }) => ({ id: jobId, retryCount }))
}

function byQueue<T extends NewChunk>(chunks: readonly T[]): Map<string, T[]> {
  return Map.groupBy(chunks, ({ alone }) => (alone === true ? aloneQueue : chunkQueue))
}

async function eachQueue(
  leases: readonly Lease[],
  command: (name: string, part: readonly Lease[]) => Promise<unknown>,
): Promise<ReadonlySet<string>> {
  const touched = new Set<string>()
  for (const [name, part] of byQueue(leases)) for (const id of touchedIds(await command(name, part))) touched.add(id)
  return touched
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    throw new GreenloopError('store_unavailable', `the queue does not answer: ${text}`, { cause: error })
  }
}
