import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import { fits, missingPairs, modelWithSubModels, plainModel } from './combine.fixture.ts'
import { combine, combineNow } from './combine.ts'
import { allRows, isValidRow, subsets } from './model.fixture.ts'
import type { Model } from './model.ts'
import type { CombineOptions, EngineName } from './options.ts'
import { readPict } from './pict-model.ts'
import { verify } from './verify.ts'

const runs = { numRuns: 400 }
const strengths = fc.integer({ min: 1, max: 4 })
const maxSteps = 300

/** An independent proof, and the counts against it. */
function prove(model: Model, options: CombineOptions & { readonly strength: number }): number[][] {
  const found = combineNow(model, options)
  const proof = verify(model, found.rows, options.strength)
  expect({ refused: proof.refused, missing: proof.missing }).toEqual({ refused: [], missing: [] })
  expect(found.tuples).toEqual({
    covered: proof.positive.covered + proof.negative.covered,
    infeasible: proof.infeasible,
  })
  expect(found.lowerBound).toBeLessThanOrEqual(found.rows.length)
  return found.rows.map((row) => [...row])
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action()
  } catch (error) {
    return error instanceof GreenloopError ? error.code : String(error)
  }
  return undefined
}

describe('combine', () => {
  const ways: readonly CombineOptions[] = [
    { engine: 'best', maxSteps },
    { engine: 'best', fast: true },
    { engine: 'PICT' },
    { engine: 'IPO' },
    { engine: 'naive' },
  ]
  it.each(ways)('covers every feasible combination of any small model with valid rows only: %o', (way) => {
    fc.assert(
      fc.property(modelWithSubModels, strengths, fc.nat(), fc.boolean(), (model, strength, seed, prioritize) => {
        fc.pre(allRows(model).length > 0)
        prove(model, { ...way, strength, seed, prioritize })
      }),
      runs,
    )
  })

  it.each<EngineName>(['best', 'PICT', 'IPO'])('keeps seeds and possible old rows at the beginning: %s', (engine) => {
    fc.assert(
      fc.property(
        modelWithSubModels,
        strengths,
        fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
        (model, strength, picks) => {
          const rows = allRows(model)
          fc.pre(rows.length > 0)
          const [a = 0, b = 0, c = 0, d = 0, e = 0, seed = 0] = picks
          const part = (pick: number, mask: number): number[] =>
            (rows[pick % rows.length] ?? []).map((value, p) => (((mask >> p) & 1) === 1 ? -1 : value))
          const seeds = [part(a, b), part(c, 0)]
          const extend = [part(d, e), model.parameters.map(({ values }, p) => (a >> p) % values.length)]
          const options = { engine, strength, seed, seeds, extend, maxSteps }
          const found = prove(model, options)
          const isPossible = (old: readonly number[]): boolean => rows.some((row) => fits(old, row))
          const given = [...seeds, ...extend.filter(isPossible)]
          expect(given.every((wanted, at) => fits(wanted, found[at] ?? []))).toBe(true)
          const dropped = extend.flatMap((old, at) => (isPossible(old) ? [] : [at]))
          expect(combineNow(model, options)).toMatchObject({ rows: found, dropped })
        },
      ),
      runs,
    )
  })

  it('holds no excluded combination and everything that the other rows can hold', () => {
    fc.assert(
      fc.property(
        modelWithSubModels,
        strengths,
        fc.tuple(fc.nat(), fc.nat(), fc.nat()),
        (model, strength, [a, b, mask]) => {
          const rows = allRows(model)
          fc.pre(rows.length > 0)
          const exclude = [
            rows[a % rows.length] ?? [],
            (rows[b % rows.length] ?? []).map((value, p) => (p > 0 && ((mask >> p) & 1) === 1 ? -1 : value)),
          ]
          const allowed = rows.filter((row) => !exclude.some((out) => fits(out, row)))
          fc.pre(allowed.length > 0)
          const found = combineNow(model, { strength, exclude, maxSteps }).rows
          expect(found.filter((row) => !isValidRow(model, row) || exclude.some((out) => fits(out, row)))).toEqual([])
          for (const set of subsets(model.parameters.length, Math.min(strength, model.parameters.length))) {
            const of = (row: readonly number[]): string => set.map((p) => row[p]).join()
            const held = new Set(found.map(of))
            expect(allowed.filter((row) => !held.has(of(row)))).toEqual([])
          }
        },
      ),
      runs,
    )
  })

  it('gives the same array for the same seed, and never asks the clock with a limit of steps', () => {
    const model = plainModel([4, 4, 4, 4, 4, 4, 4, 4, 4])
    const clock = (): number => {
      throw new Error('asked')
    }
    const first = combineNow(model, { seed: 7, maxSteps: 5_000, clock })
    expect(combineNow(model, { seed: 7, maxSteps: 5_000, clock })).toEqual(first)
    expect(first.stopped).toBe('max_steps')
  })

  it('orders rows so that none covers more than one before it', () => {
    const model = plainModel([4, 3, 3, 2, 2, 2])
    const { rows } = combineNow(model, { prioritize: true, maxSteps: 2_000 })
    const held = new Set<string>()
    const gains = rows.map((row) => {
      const before = held.size
      for (const [p, q] of subsets(row.length, 2)) held.add([p, q, row[p ?? 0], row[q ?? 0]].join())
      return held.size - before
    })
    expect(gains).toEqual(gains.toSorted((a, b) => b - a))
  })

  it('adds few rows to an old array when a parameter gets another value', () => {
    const old = combineNow(plainModel([3, 3, 3, 3, 3, 3]), { maxSteps: 20_000 }).rows
    const { rows } = combineNow(plainModel([4, 3, 3, 3, 3, 3]), { extend: old, maxSteps: 20_000 })
    expect(rows.slice(0, old.length)).toEqual(old)
    // The new value needs three rows of its own; nothing else is new.
    expect(rows.length).toBe(old.length + 3)
  })

  it('prefers heavy values where nothing else decides', () => {
    const { model } = readPict('A: 1, 2, 3, 4\nB: 1, 2, 3, 4\nC: rare, often (50)', { file: 'weights.pict' })
    const often = combineNow(model, { maxSteps: 2_000 }).rows.filter(([, , c]) => c === 1).length
    expect(often).toBeGreaterThan(10)
  })

  it('reaches the sizes that are known to be the smallest', () => {
    const sizeOf = (counts: readonly number[]): number =>
      combineNow(plainModel(counts), { maxSteps: 50_000 }).rows.length
    const uniform = (count: number, levels: number): number[] => Array.from({ length: count }, () => levels)
    expect(sizeOf(uniform(4, 3))).toBe(9)
    expect(sizeOf(uniform(100, 2))).toBe(10)
    expect(sizeOf(uniform(6, 5))).toBe(25)
    expect(sizeOf(uniform(5, 20))).toBe(400)
    expect(sizeOf(uniform(20, 3))).toBe(15)
    expect(sizeOf(uniform(20, 10))).toBeLessThanOrEqual(155)
  })

  it('covers 1,000 parameters of 4 values', () => {
    const counts = Array.from({ length: 1_000 }, () => 4)
    const found = combineNow(plainModel(counts))
    expect(missingPairs(found.rows, counts)).toBe(0)
    expect(found.tuples).toEqual({ covered: 7_992_000, infeasible: 0 })
    expect(found.rows.length).toBeLessThanOrEqual(64)
  })

  it('stops the product at the cases that are allowed, and says so', () => {
    const { rows, stopped } = combineNow(plainModel([9, 9, 9, 9]), { engine: 'naive', maxCases: 100 })
    expect(rows.length).toBe(100)
    expect(stopped).toBe('max_cases')
    expect(combineNow(plainModel([3, 3]), { engine: 'naive', maxCases: 9 })).toMatchObject({
      stopped: 'none',
      tuples: { covered: 9, infeasible: 0 },
    })
  })

  it('refuses seeds that no valid row holds, strengths out of range, and models without rows', () => {
    const { model } = readPict('A: 1, 2\nB: 1, 2\nIF [A] = 1 THEN [B] = 1;', { file: 'a.pict' })
    expect(codeOf(() => combineNow(model, { seeds: [[0, 1]] }))).toBe('rows_invalid')
    expect(codeOf(() => combineNow(model, { seeds: [[0, 7]] }))).toBe('rows_invalid')
    expect(codeOf(() => combineNow(model, { exclude: [[-1, -1]] }))).toBe('rows_invalid')
    expect(codeOf(() => combineNow(model, { strength: 7 }))).toBe('usage_invalid')
    const { model: none } = readPict('A: 1, 2\n[A] = 1;\n[A] = 2;', { file: 'b.pict' })
    expect(codeOf(() => combineNow(none))).toBe('model_contradictory')
  })

  it('ends on an abort', async () => {
    const controller = new AbortController()
    const model = plainModel(Array.from({ length: 60 }, () => 5))
    const work = combine(model, { timeLimitSeconds: 600, signal: controller.signal })
    setImmediate(() => controller.abort())
    await expect(work).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('uses a second thread for a long time limit and keeps the shorter array', async () => {
    const counts = Array.from({ length: 12 }, () => 6)
    const { rows, stopped } = await combine(plainModel(counts), { timeLimitSeconds: 1.2 })
    expect(missingPairs(rows, counts)).toBe(0)
    expect(stopped).toBe('time_limit')
  })
})
