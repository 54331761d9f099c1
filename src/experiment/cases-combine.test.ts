import { assert, asyncProperty, array, boolean, integer, nat, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cover } from '../../tests/support/cover.ts'
import type { Scalar } from '../domain/case.ts'
import { combineParameters } from './cases-combine.ts'
import type { ParameterRow } from './cases-cover.ts'
import type { Dimensions } from './cases-dimensions.ts'

type Wish = Partial<Omit<Dimensions, 'values'>> & { readonly values: Readonly<Record<string, readonly Scalar[]>> }

function dimensions({ values, ...rest }: Wish): Dimensions {
  return {
    mode: 'pairwise',
    values: new Map(Object.entries(values)),
    combined: new Set(Object.keys(values).filter((name) => (values[name]?.length ?? 0) > 1)),
    constraints: [],
    constraintPlaces: [],
    strength: 2,
    engine: 'best',
    seed: 1,
    maxCases: 1000,
    warnings: [],
    problems: [],
    ...rest,
  }
}

const usual = { cover, fixed: new Map<string, Scalar>(), most: 1000 }

describe('combineParameters', () => {
  it('holds every feasible pair of the combined parameters and only valid rows', async () => {
    const models = record({
      counts: array(integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }),
      left: array(boolean(), { minLength: 6, maxLength: 6 }),
      forbidden: array(record({ p: nat(5), q: nat(5), v: nat(3), w: nat(3) }), { maxLength: 3 }),
    })
    const check = asyncProperty(models, async ({ counts, left, forbidden }) => {
      const names = counts.map((_, at) => `p${at}`)
      const values = Object.fromEntries(names.map((name, at) => [name, range(counts[at] ?? 0)]))
      // Value 0 of everything stays free, so that every model has a row.
      const clashes = forbidden
        .map(({ p, q, v, w }) => ({ p: `p${p % names.length}`, q: `p${q % names.length}`, v: v + 1, w: w + 1 }))
        .filter(({ p, q }) => p !== q)
      const combined = new Set(names.filter((_, at) => left[at] !== true && (counts[at] ?? 0) > 1))
      const constraints = clashes.map(({ p, q, v, w }) => `IF [${p}] = ${v} THEN [${q}] <> ${w}`)
      const isValid = (row: ParameterRow): boolean => clashes.every(({ p, q, v, w }) => row[p] !== v || row[q] !== w)
      const { rows } = await combineParameters(dimensions({ values, combined, constraints }), usual)
      expect(rows.every(isValid)).toBe(true)
      expect(rows.every((row) => names.every((name) => combined.has(name) || row[name] === 0))).toBe(true)
      const wanted = pairs(product(values, combined).filter(isValid), [...combined])
      expect([...wanted].filter((pair) => !pairs(rows, [...combined]).has(pair))).toEqual([])
    })
    await assert(check, { numRuns: 60 })
  })

  it('combines thirty parameters without dropping one', async () => {
    const names = Array.from({ length: 30 }, (_, at) => `parameter ${at}`)
    const values = Object.fromEntries(names.map((name) => [name, range(3)]))
    const { rows, tuples } = await combineParameters(dimensions({ values }), usual)
    expect(pairs(rows, names).size).toBe(((30 * 29) / 2) * 9)
    expect(tuples?.covered).toBe(((30 * 29) / 2) * 9)
    expect(rows.length).toBeLessThan(40)
  })

  it('covers triples where the strength is 3', async () => {
    const values = { a: range(2), b: range(2), c: range(2), d: range(2) }
    const { rows } = await combineParameters(dimensions({ values, strength: 3 }), usual)
    const triples = new Set(rows.map(({ a, b, c }) => `${a}${b}${c}`))
    expect(triples.size).toBe(8)
  })

  it('gives the first values in scenario_only, and the first valid ones where constraints forbid them', async () => {
    const values = { lang: ['en', 'ru'], tone: ['dry', 'warm'], size: [1, 2] }
    const free = await combineParameters(dimensions({ mode: 'scenario_only', values }), usual)
    expect(free).toEqual({ rows: [{ lang: 'en', tone: 'dry', size: 1 }], warnings: [] })
    const constraints = ['IF [lang] = "en" THEN [tone] <> "dry"']
    const bound = await combineParameters(dimensions({ mode: 'scenario_only', values, constraints }), usual)
    expect(bound.rows).toEqual([{ lang: 'en', tone: 'warm', size: 1 }])
    expect(bound.warnings).toEqual(['constraints forbid the first values together; the cases take tone = warm'])
  })

  it('makes every valid combination in cartesian mode', async () => {
    const values = { a: [1, 2, 3], b: ['x', 'y'], c: [true, false] }
    const all = await combineParameters(dimensions({ mode: 'cartesian', values }), usual)
    expect(all.rows).toHaveLength(12)
    expect(all.rows.at(-1)).toEqual({ a: 3, b: 'y', c: false })
    const constraints = [
      {
        not: {
          and: [
            { parameter: 'a', is: '=', value: 1 },
            { parameter: 'b', is: '=', value: 'y' },
          ],
        },
      },
    ]
    const some = await combineParameters(dimensions({ mode: 'cartesian', values, constraints }), usual)
    expect(some.rows).toHaveLength(10)
  })

  it('keeps a spread of a product of a million billions, the same for the same seed', async () => {
    const values = Object.fromEntries(range(30).map((at) => [`p${at}`, range(5)]))
    const wish = dimensions({ mode: 'cartesian', values })
    const { rows, warnings } = await combineParameters(wish, { ...usual, most: 200 })
    expect(new Set(rows.map((row) => JSON.stringify(row))).size).toBe(200)
    expect(pairs(rows, ['p0', 'p29']).size).toBe(25)
    expect(warnings[0]).toContain(`${5n ** 30n - 200n} are left out`)
    expect((await combineParameters(wish, { ...usual, most: 200 })).rows).toEqual(rows)
    const other = await combineParameters({ ...wish, seed: 2 }, { ...usual, most: 200 })
    expect(other.rows).not.toEqual(rows)
  })

  it('keeps a spread of valid rows where constraints thin out a huge product', async () => {
    const values = Object.fromEntries(range(8).map((at) => [`p${at}`, range(6)]))
    const constraints = range(7).map((at) => `[p${at}] <= [p${at + 1}]`)
    const wish = dimensions({ mode: 'cartesian', values, constraints })
    const { rows, warnings } = await combineParameters(wish, { ...usual, most: 50 })
    expect(new Set(rows.map((row) => JSON.stringify(row))).size).toBe(50)
    expect(rows.every((row) => range(7).every((at) => Number(row[`p${at}`]) <= Number(row[`p${at + 1}`])))).toBe(true)
    expect(new Set(rows.map(({ p4 }) => p4)).size).toBeGreaterThan(3)
    expect(warnings.at(-1)).toContain('max_cases keeps 50 combinations')
    expect(Object.keys(rows[0] ?? {})).toEqual(Object.keys(values))
  })

  it('holds constraints against a value that a row fixes, whatever its type', async () => {
    const values = { lang: ['en', 'ru'], size: [1, 'many'], tone: ['dry', 'warm'] }
    const constraints = ['IF [lang] = "ru" THEN [tone] = "warm"', 'IF [size] = "1" THEN [tone] = "dry"']
    const russian = new Map<string, Scalar>([['lang', 'ru']])
    const { rows } = await combineParameters(dimensions({ values, constraints }), { ...usual, fixed: russian })
    expect(rows).toEqual([{ lang: 'ru', size: 'many', tone: 'warm' }])
    const small = new Map<string, Scalar>([['size', 1]])
    const dry = await combineParameters(dimensions({ values, constraints }), { ...usual, fixed: small })
    expect(dry.rows).toEqual([{ lang: 'en', size: 1, tone: 'dry' }])
    expect(dry.warnings).toEqual([
      'no case has lang = ru: constraints forbid it',
      'no case has tone = warm: constraints forbid it',
    ])
  })

  it('lets contradictions through', async () => {
    const wish = dimensions({ values: { a: [1, 2] }, constraints: ['[a] = 1', '[a] = 2'] })
    await expect(combineParameters(wish, usual)).rejects.toMatchObject({ code: 'model_contradictory' })
  })
})

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

function product(values: Wish['values'], combined: ReadonlySet<string>): ParameterRow[] {
  return Object.entries(values).reduce<ParameterRow[]>(
    (rows, [name, all]) =>
      rows.flatMap((row) => (combined.has(name) ? all : all.slice(0, 1)).map((value) => ({ ...row, [name]: value }))),
    [{}],
  )
}

function pairs(rows: readonly ParameterRow[], names: readonly string[]): Set<string> {
  const found = new Set<string>()
  for (const row of rows)
    names.forEach((p, at) => {
      for (const q of names.slice(at + 1)) found.add(`${p}=${row[p]} ${q}=${row[q]}`)
    })
  return found
}
