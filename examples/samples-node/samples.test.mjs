// One test for each way a test can end, so that every path of a run can be seen.
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { beforeEach, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'

const sum = (values) => values.reduce((total, value) => total + value, 0)

test('passes', () => {
  assert.equal(sum([1, 2, 3]), 6)
})

test('fails', () => {
  assert.equal(sum([1, 2, 3]), 7)
})

test('is skipped', { skip: 'shows a skipped test' }, () => {
  throw new Error('never reached')
})

test('is slow', async () => {
  await pause(300)
  assert.equal(sum([1]), 1)
})

describe('with a broken set-up', () => {
  beforeEach(() => {
    throw new Error('the set-up breaks before the test begins')
  })

  test('breaks in set-up', () => {
    assert.equal(sum([]), 0)
  })
})

test('raises', () => {
  throw new TypeError('raised in the middle of a test')
})

test('is flaky', () => {
  // Fails the first time and passes from then on: a file in the working folder remembers.
  if (existsSync('flaky-node.marker')) return
  writeFileSync('flaky-node.marker', 'tried once\n')
  throw new Error('the first attempt fails')
})

test('takes too long', async (t) => {
  await pause(30_000, undefined, { signal: t.signal })
})

test('leaves output', () => {
  console.log('naïve 文本 текст')
})

for (const [values, total] of [
  [[], 0],
  [[5], 5],
]) {
  test(`takes parameters: ${JSON.stringify(values)}`, () => {
    assert.equal(sum(values), total)
  })
}
