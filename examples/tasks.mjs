// Twelve tasks, four at a time, against a service that is sometimes busy: node tasks.mjs
import { setTimeout as wait } from 'node:timers/promises'
import { executeTasks, failed, succeeded } from 'greenloop'

const orders = Array.from({ length: 12 }, (_, n) => ({ id: `order-${n}`, payload: { n } }))

async function price({ payload: { n } }, { attempt, signal }) {
  await wait(20, undefined, { signal })
  if (n % 4 === 0 && attempt === 1) throw Object.assign(new Error('busy'), { status: 429, retryAfterMs: 50 })
  if (n === 7) return failed('order 7 does not add up')
  return succeeded(n * n, { tokens: 100 })
}

const { results, statistics } = await executeTasks(orders, price, {
  concurrency: 4,
  timeoutSeconds: 5,
  retry: { maxAttempts: 3, backoffSeconds: 0.1 },
  rateLimit: { perMinute: 6000, burst: 10 },
  stop: { maxFailures: 3, maxTokens: 10_000 },
})

for (const { task, state, output, attempts, error } of results) {
  console.log(`${task.id}: ${state} after ${attempts.length} of 3 attempts: ${error?.message ?? output}`)
}
const { total, succeeded: good, failed: bad, retries, tokens } = statistics
console.log(`${good} of ${total} succeeded, ${bad} failed, ${retries} retries, ${tokens} tokens`)
