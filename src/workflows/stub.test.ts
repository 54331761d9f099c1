import { describe, expect, it } from 'vitest'
import { replyKind } from '../domain/task.ts'
import type { Task, TaskContext } from '../domain/task.ts'
import type { StubInput } from '../domain/trial.ts'
import { sleep } from '../lib/clock.ts'
import { stubHandler } from './stub.ts'

const context = (attempt = 1, signal: AbortSignal = new AbortController().signal): TaskContext => ({
  attempt,
  key: 'run/task',
  signal,
})

async function fate(stub: StubInput, task: Task, attempt = 1): Promise<string> {
  try {
    return replyKind(await stubHandler(stub, { sleep })(task, context(attempt))) ?? 'value'
  } catch (error) {
    return (error as { code: string }).code
  }
}

const task = (id: string, payload: unknown = {}): Task => ({ id, payload })

describe('the stub', () => {
  it('succeeds unless it is told otherwise', async () => {
    expect(await fate({}, task('a'))).toBe('succeeded')
  })

  it('does what the payload of a task says', async () => {
    expect(await fate({}, task('a', { behaviour: 'failure' }))).toBe('failed')
    expect(await fate({}, task('a', { behaviour: 'error' }))).toBe('target_failed')
    expect(await fate({ failureRate: 1 }, task('a', { behaviour: 'success' }))).toBe('succeeded')
  })

  it('breaks down at the first attempts and then succeeds, as the payload says', async () => {
    const stubborn = task('a', { errorsBefore: 2 })
    expect(await Promise.all([1, 2, 3].map((attempt) => fate({}, stubborn, attempt)))).toEqual([
      'target_failed',
      'target_failed',
      'succeeded',
    ])
  })

  it('falls silent until its attempt is aborted', async () => {
    const stop = new AbortController()
    const silent = stubHandler({}, { sleep })(task('a', { behaviour: 'timeout' }), context(1, stop.signal))
    stop.abort(new Error('time is up'))
    await expect(silent).rejects.toThrow('time is up')
  })

  it('hits its rates, and gives every attempt the same fate for the same seed', async () => {
    const stub = { failureRate: 0.3, errorRate: 0.2, seed: 7 }
    const ids = Array.from({ length: 2000 }, (_, index) => task(`t${index}`))
    const fates = await Promise.all(ids.map((each) => fate(stub, each)))
    const share = (name: string): number => fates.filter((each) => each === name).length / fates.length
    expect(share('failed')).toBeCloseTo(0.3, 1)
    expect(share('target_failed')).toBeCloseTo(0.2, 1)
    expect(await Promise.all(ids.toReversed().map((each) => fate(stub, each)))).toEqual(fates.toReversed())
    expect(await Promise.all(ids.map((each) => fate({ ...stub, seed: 8 }, each)))).not.toEqual(fates)
  })

  it('gives the output that the payload holds, or text of the wanted size', async () => {
    const stub = stubHandler({ outputBytes: 10 }, { sleep })
    expect(await stub(task('a', { output: { answer: 42 } }), context())).toMatchObject({ output: { answer: 42 } })
    expect(await stub(task('a'), context(3))).toMatchObject({
      output: { taskId: 'a', attempt: 3, text: 'xxxxxxxxxx' },
    })
  })

  it('waits within its span, and no longer than its signal', async () => {
    const waits: number[] = []
    const stub = stubHandler({ delaySeconds: [1, 3] }, { sleep: async (ms) => void waits.push(ms) })
    for (let index = 0; index < 50; index++) await stub(task(`t${index}`), context())
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(1000)
    expect(Math.max(...waits)).toBeLessThanOrEqual(3000)
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(1000)
  })

  it('takes payloads that wish nothing, and refuses a wish it does not know', async () => {
    expect(await fate({}, task('a', 'text'))).toBe('succeeded')
    expect(await fate({}, task('a', { inputs: { q: 1 } }))).toBe('succeeded')
    expect(await fate({}, task('a', { behaviour: 'explode' }))).toBe('manifest_invalid')
  })
})
