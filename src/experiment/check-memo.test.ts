import { expect, test } from 'vitest'
import { createMemo } from './check-memo.ts'

test('a value is made once for each key, and the oldest go first', () => {
  const made: string[] = []
  const memo = createMemo(2, (key) => made.push(key))
  expect([memo('a'), memo('b'), memo('a')]).toEqual([1, 2, 1])
  expect([memo('c'), memo('b'), memo('a')]).toEqual([3, 2, 4])
  expect(made).toEqual(['a', 'b', 'c', 'a'])
})

test('a failure is made again', () => {
  let tries = 0
  const memo = createMemo(2, (): number => {
    tries++
    throw new Error('no')
  })
  expect(() => memo('a')).toThrow('no')
  expect(() => memo('a')).toThrow('no')
  expect(tries).toBe(2)
})
