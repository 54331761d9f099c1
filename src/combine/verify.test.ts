import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from './compile.ts'
import { coverageGrowth } from './coverage.ts'
import { formatStatistics } from './coverage-text.ts'
import type { Model } from './model.ts'
import { allRows, modelArbitrary, subsets } from './model.fixture.ts'
import { readPict } from './pict-model.ts'
import { createSolver } from './solver.ts'
import { verify } from './verify.ts'
import { formatVerification } from './verify-text.ts'

/**
 * The combinations that rows cover: those with a negative value, those that a row without one holds, and those that no
 * valid row without one can hold.
 */
function combinations(model: Model, rows: readonly number[][], strength: number): Map<string, { negative: boolean }> {
  const found = new Map<string, { negative: boolean }>()
  const isPlain = (row: readonly number[]): boolean =>
    row.every((value, parameter) => model.parameters[parameter]?.values[value]?.negative === false)
  const plainRows = allRows(model).filter(isPlain)
  for (const set of subsets(model.parameters.length, Math.min(strength, model.parameters.length)))
    for (const row of rows) {
      const negative = set.some((parameter) => model.parameters[parameter]?.values[row[parameter] ?? 0]?.negative)
      const isHidden =
        !negative &&
        !isPlain(row) &&
        plainRows.some((other) => set.every((parameter) => other[parameter] === row[parameter]))
      if (!isHidden) found.set(set.map((parameter) => `${parameter}=${row[parameter]}`).join(), { negative })
    }
  return found
}

const size = (model: Model, strength: number): number =>
  subsets(model.parameters.length, Math.min(strength, model.parameters.length))
    .map((set) => set.reduce((product, parameter) => product * (model.parameters[parameter]?.values.length ?? 0), 1))
    .reduce((sum, each) => sum + each, 0)

describe('verify', () => {
  it('counts what rows cover, miss, and what no row can hold, as trying all rows does', () => {
    const cases = modelArbitrary().chain((model) =>
      fc.tuple(fc.constant(model), fc.subarray(allRows(model)), fc.integer({ min: 1, max: 4 })),
    )
    fc.assert(
      fc.property(cases, ([model, rows, strength]) => {
        const result = verify(model, rows, strength)
        const all = combinations(model, allRows(model), strength)
        const held = combinations(model, rows, strength)
        const count = (each: Map<string, { negative: boolean }>, negative: boolean) =>
          [...each.values()].filter((one) => one.negative === negative).length
        expect(result.refused).toEqual([])
        for (const [part, negative] of [
          [result.positive, false],
          [result.negative, true],
        ] as const) {
          expect(part.covered).toBe(count(held, negative))
          expect(part.missing).toBe(count(all, negative) - count(held, negative))
        }
        expect(result.infeasible).toBe(size(model, strength) - all.size)
        expect(result.complete).toBe(held.size === all.size)
        const missing = result.missing.map((tuple) =>
          tuple.map(({ parameter, value }) => `${parameter}=${value}`).join(),
        )
        const lacking = [...all.keys()].filter((each) => !held.has(each))
        expect(missing.length).toBe(Math.min(100, lacking.length))
        expect(missing.filter((each) => !lacking.includes(each))).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('does not take a combination for covered that a negative value hides', () => {
    const { model } = readPict('A: 1, ~2\nB: 1, 2\nC: 1, 2', { file: 'm' })
    const rows = [
      [0, 0, 0],
      [0, 1, 1],
      [0, 0, 1],
      [1, 1, 0],
      [1, 0, 1],
    ]
    const { positive, negative, missing } = verify(model, rows, 2)
    expect([positive, negative]).toEqual([
      { covered: 7, missing: 1 },
      { covered: 4, missing: 0 },
    ])
    expect(missing).toEqual([
      [
        { parameter: 1, value: 1 },
        { parameter: 2, value: 0 },
      ],
    ])
  })

  it('refuses exactly the rows that are not valid', () => {
    const cases = modelArbitrary().chain((model) =>
      fc.tuple(
        fc.constant(model),
        fc.array(fc.tuple(...model.parameters.map(({ values }) => fc.nat(values.length - 1))), { maxLength: 10 }),
      ),
    )
    fc.assert(
      fc.property(cases, ([model, rows]) => {
        const valid = new Set(allRows(model).map(String))
        const { refused } = verify(model, rows, 2)
        expect(refused.map(({ row }) => row)).toEqual(
          [...rows.keys()].filter((index) => !valid.has(String(rows[index]))),
        )
      }),
      { numRuns: 300 },
    )
  })

  it('finds the one combination that a row was needed for', () => {
    const model = readPict('A: 1, 2\nB: 1, 2\nC: 1, 2', { file: 'm' }).model
    const rows = [
      [0, 0, 0],
      [0, 1, 1],
      [1, 0, 1],
      [1, 1, 0],
    ]
    expect(verify(model, rows, 2).complete).toBe(true)
    const { missing } = verify(model, rows.slice(1), 2)
    expect(missing.map((tuple) => tuple.map(({ parameter, value }) => [parameter, value]))).toEqual([
      [
        [0, 0],
        [1, 0],
      ],
      [
        [0, 0],
        [2, 0],
      ],
      [
        [1, 0],
        [2, 0],
      ],
    ])
  })

  it('asks a sub-model for its own strength', () => {
    const model = readPict('A: 1, 2\nB: 1, 2\nC: 1, 2\nD: 1, 2\n{ A, B, C } @ 3\n{ A, B, C, D } @ 1', {
      file: 'm',
    }).model
    const pairs = verify({ ...model, subModels: [] }, allRows(model), 2)
    const triples = verify(model, allRows(model), 2)
    expect([pairs.positive.covered, triples.positive.covered]).toEqual([24, 32])
    const orthogonal = [
      [0, 0, 0, 0],
      [0, 1, 1, 0],
      [1, 0, 1, 1],
      [1, 1, 0, 1],
      [0, 0, 1, 1],
      [1, 1, 1, 0],
      [0, 1, 0, 1],
      [1, 0, 0, 0],
    ]
    expect(verify(model, orthogonal, 2).complete).toBe(true)
    expect(verify(model, orthogonal.slice(1), 2).missing.map((tuple) => tuple.length)).toContain(3)
  })

  it('says in words what is wrong, with the lines of both files', () => {
    const model = readPict('A: 1, 2\nB: x, y, ~z\nIF [A] = 1 THEN [B] <> "y";', { file: 'm' }).model
    const rows = [
      [0, 0],
      [0, 1],
      [1, -1],
      [1, 2],
    ]
    expect(formatVerification(verify(model, rows, 2), model, [2, 3, 4, 9]))
      .toBe(`4 rows, strength 2: incomplete: 3 combinations missing, 2 rows refused
  covered             1 of 3 (33.3 %)
  with negative value 1 of 2 (50 %)
  impossible          1
row in line 3 violates line 3 of the model: IF [A] = 1 THEN [B] <> "y"
row in line 4 leaves a parameter open
missing: A = 1, B = ~z
missing: A = 2, B = x
missing: A = 2, B = y
`)
    expect(
      formatVerification(
        verify(
          model,
          [
            [0, 0],
            [1, 0],
            [1, 1],
            [0, 2],
            [1, 2],
          ],
          2,
        ),
        model,
      ),
    ).toMatch(/^5 rows, strength 2: complete\n/u)
  })

  const folder = join(import.meta.dirname, '../../../shared/data/combination-models')
  it.skipIf(!existsSync(folder))('agrees with the solver on the published models, at strengths 2 and 3', () => {
    for (const [file, strength] of [
      ['spins', 3],
      ['bugzilla', 2],
      ['spinv', 2],
    ] as const) {
      const { model } = readPict(readFileSync(join(folder, `${file}.pict`), 'utf8'), { file })
      const compiled = compile(model)
      const solver = createSolver(compiled)
      const result = verify(model, [], strength)
      let feasible = 0
      for (const set of subsets(model.parameters.length, strength)) {
        const sides = set.map((p) =>
          Array.from({ length: compiled.counts[p] ?? 0 }, (_, v) => (compiled.offsets[p] ?? 0) + v),
        )
        const tuples = sides.reduce<number[][]>(
          (heads, side) => heads.flatMap((head) => side.map((s) => [...head, s])),
          [[]],
        )
        feasible += tuples.filter((tuple) => solver.isFeasible(tuple)).length
      }
      expect(result.positive).toEqual({ covered: 0, missing: feasible })
    }
  })
})

describe('coverageGrowth', () => {
  it('ends with all that the rows cover, and never falls', () => {
    const cases = modelArbitrary().chain((model) =>
      fc.tuple(
        fc.constant(model),
        fc.oneof(fc.subarray(allRows(model)), fc.constant(allRows(model))),
        fc.integer({ min: 1, max: 3 }),
      ),
    )
    fc.assert(
      fc.property(cases, ([model, rows, strength]) => {
        const { covered } = coverageGrowth(model, rows, strength)
        expect(covered).toEqual(covered.toSorted((a, b) => a - b))
        const { complete, positive, negative } = verify(model, rows, strength)
        if (complete && rows.length > 0) expect(covered.at(-1)).toBe(positive.covered + negative.covered)
        if (model.parameters.some(({ values }) => values.some((value) => value.negative))) return
        expect(covered).toEqual(rows.map((_, index) => combinations(model, rows.slice(0, index + 1), strength).size))
      }),
      { numRuns: 300 },
    )
  })
})

describe('formatStatistics', () => {
  it('shows the size beside the lower bound, and how coverage grows', () => {
    const { model } = readPict('A: 1, 2\nB: 1, 2\nC: 1, 2', { file: 'm' })
    const rows = [
      [0, 0, 0],
      [0, 1, 1],
      [1, 0, 1],
      [1, 1, 0],
      [1, 1, 1],
    ]
    const growth = coverageGrowth(model, rows, 2)
    expect(formatStatistics({ growth, lowerBound: 4 }))
      .toBe(`rows 5, lower bound 4: at most 1 more than the smallest possible
covered combinations by row:
1   3   25.0 %  ##########
2   6   50.0 %  ####################
3   9   75.0 %  ##############################
4  12  100.0 %  ########################################
5  12  100.0 %  ########################################
`)
    expect(formatStatistics({ growth: coverageGrowth(model, rows.slice(0, 4), 2), lowerBound: 4 })).toContain(
      'the smallest possible\n',
    )
  })
})
