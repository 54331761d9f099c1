// One test for each way a test can end, so that every path of a run can be seen.
import { existsSync, writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, test } from 'vitest'

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test('passes', () => {
  expect(sum([1, 2, 3])).toBe(6)
})

test('fails', () => {
  expect(sum([1, 2, 3])).toBe(7)
})

test.skip('is skipped', () => {
  throw new Error('never reached')
})

test('is slow', async () => {
  await pause(300)
  expect(sum([1])).toBe(1)
})

describe('with a broken set-up', () => {
  beforeEach(() => {
    throw new Error('the set-up breaks before the test begins')
  })

  test('breaks in set-up', () => {
    expect(sum([])).toBe(0)
  })
})

test('raises', () => {
  throw new TypeError('raised in the middle of a test')
})

test('is flaky', () => {
  // Fails the first time and passes from then on: a file in the working folder remembers.
  if (existsSync('flaky-vitest.marker')) return
  writeFileSync('flaky-vitest.marker', 'tried once\n')
  throw new Error('the first attempt fails')
})

test('takes too long', async () => {
  await pause(30_000)
})

test.fails('is expected to fail', () => {
  expect(sum([])).toBe(1)
})

test('leaves output', () => {
  console.log('naïve 文本 текст')
})

test.each([
  { values: [], total: 0 },
  { values: [5], total: 5 },
])('takes parameters: $values', ({ values, total }) => {
  expect(sum(values)).toBe(total)
})
