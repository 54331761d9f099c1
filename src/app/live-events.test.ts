import { expect, test } from 'vitest'
import type { Progress } from '../domain/progress.ts'
import type { TaskResult } from '../domain/task.ts'
import { liveEvents } from './live-events.ts'

function listen() {
  const told: { kind: string; data: unknown }[] = []
  const live = liveEvents({ put: (kind, data) => told.push({ kind, data }), seqOf: (id) => Number(id.slice(1)) })
  const last = (kind: string): unknown => told.findLast((event) => event.kind === kind)?.data
  return { live, told, last }
}

const ended = (id: string, outcome: 'passed' | 'failed' | 'skipped', attempt = 1): Progress => ({
  kind: 'test',
  id,
  outcome,
  attempt,
  durationMs: 5,
  done: 1,
  total: 3,
  ...(outcome === 'failed' ? { message: 'm'.repeat(1000) } : {}),
})

test('a test that passes behind a failure moves from failed to flaky, and stays there', () => {
  const { live, last } = listen()
  live.onProgress({ kind: 'collected', total: 3 })
  live.onProgress(ended('t0', 'passed'))
  live.onProgress(ended('t1', 'failed'))
  live.close()
  expect(last('progress')).toMatchObject({ total: 3, done: 2, passed: 1, failed: 1, flaky: 0 })
  live.onProgress(ended('t1', 'passed', 2))
  live.onProgress(ended('t1', 'passed', 3))
  live.close()
  expect(last('progress')).toMatchObject({ done: 2, passed: 1, failed: 0, flaky: 1 })
})

test('changes are told together with their numbers, texts are bounded', () => {
  const { live, told, last } = listen()
  live.onProgress(ended('t7', 'failed'))
  live.onProgress(ended('t8', 'skipped'))
  live.close()
  expect(told.filter(({ kind }) => kind === 'tests')).toHaveLength(1)
  expect(last('tests')).toMatchObject({ items: [{ seq: 7, outcome: 'failed' }, { seq: 8 }], more: false })
  expect(JSON.stringify(last('tests'))).not.toContain('m'.repeat(301))
  for (let index = 0; index < 600; index++) live.onProgress(ended(`t${index}`, 'passed'))
  for (let round = 0; round < 10; round++) live.onText('x'.repeat(50_000))
  live.close()
  expect((last('tests') as { items: unknown[] }).items).toHaveLength(500)
  expect(last('tests')).toMatchObject({ more: true })
  expect((last('text') as { text: string }).text).toHaveLength(256 * 1024)
})

test('a trial whose answer fails its checks is no pass, and one that never began is nothing', () => {
  const { live, last } = listen()
  const result = (id: string, state: TaskResult['state'], output: unknown): TaskResult => ({
    task: { id, payload: {} },
    state,
    output,
    attempts: [],
    usage: { tokens: 0, costUsd: 0 },
  })
  live.onResult(result('a', 'succeeded', { passed: true }))
  live.onResult(result('b', 'succeeded', { passed: false }))
  live.onResult(result('c', 'cancelled', undefined))
  live.close()
  expect(last('progress')).toMatchObject({ done: 2, passed: 1, failed: 1 })
})
