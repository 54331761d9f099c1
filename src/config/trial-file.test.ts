import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTrial } from './trial-file.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-trial-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function load(text: string) {
  await writeFile(join(folder, 'trial.yaml'), text)
  return loadTrial(folder, 'trial.yaml')
}

describe('the manifest of a trial run', () => {
  it('may leave everything out', async () => {
    const trial = await load('title: nothing special\n')
    expect(trial).toMatchObject({ title: 'nothing special', tasks: 100, execution: { concurrency: 8 } })
  })

  it('takes the names of manifests for the policy', async () => {
    const { execution } = await load(`
tasks: 10
execution_policy:
  concurrency: 4
  timeout_seconds: 30
  batch_size: 5
  backoff_seconds: 2
  retry_policy: { max_attempts: 3, backoff_seconds: 1, backoff_multiplier: 3 }
  rate_limit: { per_minute: 60, burst: 2 }
  stop_conditions: { max_failures: 3, timeout: 600 }
`)
    expect(execution).toMatchObject({
      concurrency: 4,
      timeoutSeconds: 30,
      batchSize: 5,
      batchPauseSeconds: 2,
      retry: { maxAttempts: 3, backoffSeconds: 1, backoffMultiplier: 3 },
      rateLimit: { perMinute: 60, burst: 2 },
      stop: { maxFailures: 3, timeoutSeconds: 600 },
    })
  })

  it('takes a flat policy, in which backoff_seconds belongs to the retries', async () => {
    const { execution } = await load('execution: { max_attempts: 4, backoff_seconds: 0.5, backoff_multiplier: 3 }\n')
    expect(execution.retry).toMatchObject({ maxAttempts: 4, backoffSeconds: 0.5, backoffMultiplier: 3 })
    expect(execution.batchPauseSeconds).toBe(0)
  })

  it('lists every problem with its line', async () => {
    const error = await load(`
tasks:
  - id: a
    behaviour: explode
execution:
  concurency: 4
  retry: { max_attempts: 0 }
`).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'manifest_invalid' })
    const { problems } = error as { problems: { message: string; place: { line: number } }[] }
    expect(problems.map(({ place }) => place.line)).toEqual([4, 6, 7])
    expect(problems[1]?.message).toContain('unknown key `concurency`')
  })
})
