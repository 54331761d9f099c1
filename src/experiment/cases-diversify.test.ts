import { array, assert, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import { coverWith } from '../app/experiment-cover.ts'
import type { Scalar } from '../domain/case.ts'
import { diversified } from './cases-diversify.ts'
import type { Dimensions } from './cases-dimensions.ts'

const cover = coverWith(undefined, new AbortController().signal)

function dimensionsOf(values: Map<string, readonly Scalar[]>, constraints: readonly unknown[] = []) {
  return { mode: 'pairwise', values, combined: new Set(values.keys()), constraints, seed: 7 } as unknown as Dimensions
}

async function arrayOf(values: Map<string, readonly Scalar[]>, constraints: readonly unknown[] = []) {
  const made = await cover({
    parameters: Object.fromEntries(values),
    constraints,
    strength: Math.min(2, values.size),
    engine: 'best',
    seed: 1,
    all: false,
    quick: true,
  })
  return made.rows
}

function pairsOf(rows: readonly Readonly<Record<string, Scalar>>[]): Set<string> {
  const pairs = rows.flatMap((row) => {
    const entries = Object.entries(row)
    return entries.flatMap((one, at) => entries.slice(at + 1).map((other) => JSON.stringify([one, other])))
  })
  return new Set(pairs)
}

test('every row of a dataset has an array that covers the same pairs', async () => {
  for (const counts of [
    [2, 3, 4],
    [3, 3, 3, 2, 2],
    [2, 2],
    [5, 2, 3, 4],
  ]) {
    const values = new Map(counts.map((count, at) => [`p${at}`, Array.from({ length: count }, (_, value) => value)]))
    const rows = await arrayOf(values)
    const covered = pairsOf(rows)
    assert(
      property(integer({ min: 0, max: 1000 }), (index) => {
        const own = diversified(rows, dimensionsOf(values), `row ${index}`)
        expect(own).toHaveLength(rows.length)
        expect(pairsOf(own)).toEqual(covered)
      }),
      { numRuns: 30 },
    )
  }
})

test('rows of a dataset meet different combinations', async () => {
  const values = new Map(['a', 'b', 'c', 'd'].map((name) => [name, [1, 2, 3]]))
  const rows = await arrayOf(values)
  const met = new Set(
    Array.from({ length: 8 }, (_, index) => diversified(rows, dimensionsOf(values), `row ${index}`))
      .flat()
      .map((row) => JSON.stringify(row)),
  )
  expect(met.size).toBeGreaterThan(2 * rows.length)
})

test('what a constraint names keeps its values, so that the constraint holds', async () => {
  const values = new Map<string, readonly Scalar[]>([
    ['a', ['x', 'y']],
    ['b', ['u', 'v', 'w']],
    ['c', [1, 2, 3]],
    ['d', [1, 2]],
  ])
  const constraints = ['IF [a] = "x" THEN [b] <> "u"']
  const rows = await arrayOf(values, constraints)
  const covered = pairsOf(rows)
  assert(
    property(array(integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 3 }), (indices) => {
      for (const index of indices) {
        const own = diversified(rows, dimensionsOf(values, constraints), `row ${index}`)
        expect(own.some(({ a, b }) => a === 'x' && b === 'u')).toBe(false)
        expect(pairsOf(own)).toEqual(covered)
      }
    }),
  )
})
