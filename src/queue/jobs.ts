import { z } from 'zod'
import type { Lease, NewChunk } from '../domain/queue.ts'

/** What a job carries. */
const dataSchema = z.object({ runId: z.string(), from: z.int(), to: z.int() })
const jobSchema = z.object({ id: z.string(), retryCount: z.int(), data: dataSchema })
const settledSchema = z.object({ settled: z.array(z.string()) })

/** How many times a chunk may be given back before it is left alone. */
export interface LossLimits {
  /** Losses that a chunk of several tasks survives. */
  readonly chunk: number
  /** Losses that a task on its own survives. */
  readonly alone: number
}

/** A job as the insert statement of pg-boss takes it. */
export interface JobRow {
  readonly data: object
  readonly retryLimit: number
  readonly heartbeatSeconds: number
  readonly expireInSeconds?: number
  readonly startAfter?: number
  readonly priority?: number
  readonly group?: { readonly id: string }
}

/** What every job of a queue has in common. */
export interface JobDefaults {
  readonly heartbeatSeconds: number
  readonly lossLimits: LossLimits
}

/** Jobs that are held back come up by themselves after this: no run waits so long for a batch. */
export const heldBackSeconds = 30 * 86_400

/** The job of a chunk. What is held back stands behind everything else, so that no fetch walks over it. */
export function jobOf(chunk: NewChunk, { heartbeatSeconds, lossLimits }: JobDefaults): JobRow {
  const { runId, from, to, alone, batch, expireSeconds } = chunk
  return {
    data: { runId, from, to },
    heartbeatSeconds,
    retryLimit: alone ? lossLimits.alone : lossLimits.chunk,
    ...(expireSeconds === undefined ? {} : { expireInSeconds: Math.ceil(expireSeconds) }),
    ...(batch === undefined ? {} : { startAfter: heldBackSeconds, priority: -1, group: { id: groupOf(runId, batch) } }),
  }
}

/** Name under which the chunks of a batch are held back. Batches sort as text. */
export function groupOf(runId: string, batch: number): string {
  return `${runId}/${batch.toString().padStart(9, '0')}`
}

/** Leases from rows that pg-boss fetched. */
export function leasesOf(rows: readonly unknown[], alone: boolean): readonly Lease[] {
  return rows.map((row) => {
    const { id, retryCount, data } = jobSchema.parse(row)
    return { jobId: id, retryCount, ...data, alone }
  })
}

/** Ids that a command of pg-boss really touched; its type does not tell that they are there. */
export function touchedIds(response: unknown): readonly string[] {
  return settledSchema.parse(response).settled
}
