import { parsePolicy } from '../domain/policy.ts'
import type { Policy } from '../domain/policy.ts'
import type { Chunk, NewChunk } from '../domain/queue.ts'
import type { StoredRun, StoredTask } from '../domain/stored-run.ts'

/** Chunks are never larger: a lost one is little work, and a busy one leaves something for others. */
export const largestChunk = 16

const secondMs = 1000
const shortestExpirySeconds = 900
const longestExpirySeconds = 86_400
/** Tasks without a limit are taken to end within this. */
const assumedTimeoutSeconds = 3600

/** The policy of a run; the defaults where it was handed in without. */
export function policyOf({ policy }: Pick<StoredRun, 'policy'>): Policy {
  return policy ?? parsePolicy({})
}

/** The tasks of a chunk among those that the store gave for several. */
export function tasksIn(open: ReadonlyMap<string, readonly StoredTask[]>, chunk: Chunk): readonly StoredTask[] {
  return (open.get(chunk.runId) ?? []).filter(({ seq }) => seq >= chunk.from && seq < chunk.to)
}

/** Tasks of a chunk, so that it takes about 16 seconds: 16 for tasks below a second, 2 for ten-second calls. */
export function chunkSizeFor(expectedTaskMs: number): number {
  const size = Math.round((largestChunk * secondMs) / Math.max(expectedTaskMs, 1))
  return Math.min(largestChunk, Math.max(1, size))
}

/** Seconds after which a living holder of so many tasks is taken for stuck: twice the worst case, between 15 minutes and a day. */
export function expirySeconds(tasks: number, { retry, timeoutSeconds, rateLimit }: Policy): number {
  const attemptSeconds = (timeoutSeconds ?? assumedTimeoutSeconds) + retry.maxBackoffSeconds
  const rateSeconds = rateLimit === undefined ? 0 : 60 / rateLimit.perMinute
  const worst = 2 * tasks * retry.maxAttempts * (attemptSeconds + rateSeconds)
  return Math.min(longestExpirySeconds, Math.max(shortestExpirySeconds, Math.ceil(worst)))
}

/** A range of tasks that is cut into chunks. */
export interface Range {
  readonly runId: string
  readonly from: number
  readonly to: number
  readonly policy: Policy
  readonly chunkSize: number
}

/** Chunks of a range. None reaches over the end of a batch; all but the first batch are held back. */
export function chunksOf({ runId, from, to, policy, chunkSize }: Range): readonly NewChunk[] {
  const batchSize = policy.batchSize ?? Number.MAX_SAFE_INTEGER
  const chunks: NewChunk[] = []
  for (let start = from; start < to;) {
    const batch = Math.floor(start / batchSize)
    const end = Math.min(start + chunkSize, to, (batch + 1) * batchSize)
    const expireSeconds = expirySeconds(end - start, policy)
    chunks.push({ runId, from: start, to: end, expireSeconds, batch: batch === 0 ? undefined : batch })
    start = end
  }
  return chunks
}
