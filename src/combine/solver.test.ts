import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from './compile.ts'
import { createTupleCheck, decidePairs } from './feasibility.ts'
import type { Model } from './model.ts'
import { allRows, modelArbitrary, subsets } from './model.fixture.ts'
import { readPict } from './pict-model.ts'
import { createSolver } from './solver.ts'

const runs = { numRuns: 400 }
const every = (model: Model): number[][] =>
  model.parameters.reduce<number[][]>(
    (heads, { values }) => heads.flatMap((head) => values.map((_, v) => [...head, v])),
    [[]],
  )
const key = (row: ArrayLike<number>): string => Array.from(row).join()

describe('compile', () => {
  it('forbids exactly the rows that violate a constraint or hold two negative values', () => {
    const check = (model: Model): void => {
      const solver = createSolver(compile(model))
      const valid = new Set(allRows(model).map(key))
      for (const row of every(model)) expect(solver.valid(row)).toBe(valid.has(key(row)))
    }
    fc.assert(fc.property(modelArbitrary(), check), runs)
  })

  it('keeps no clause that holds another one, and lists each clause under its symbols', () => {
    const check = (model: Model): void => {
      const { forbidden, clausesOf, parameterOf } = compile(model)
      forbidden.forEach((clause, index) => {
        expect([...clause]).toEqual([...clause].sort((a, b) => a - b))
        expect(new Set(Array.from(clause, (symbol) => parameterOf[symbol])).size).toBe(clause.length)
        forbidden.forEach((other, at) =>
          expect(at !== index && other.every((symbol) => clause.includes(symbol))).toBe(false),
        )
        for (const symbol of clause) expect(clausesOf[symbol]).toContain(index)
      })
    }
    fc.assert(fc.property(modelArbitrary(), check), runs)
  })

  it('writes a disjunction of many parameters as the one combination that it forbids', () => {
    const names = Array.from({ length: 60 }, (_, index) => `p${index}`)
    const text = `${names.map((name) => `${name}: 0, 1, 2`).join('\n')}\n${names.map((name) => `[${name}] <> 1`).join(' OR ')};`
    expect(compile(readPict(text, { file: 'm' }).model).forbidden.map(({ length }) => length)).toEqual([60])
  })

  it('refuses a constraint that it could not work out exactly, with its place', () => {
    const names = Array.from({ length: 40 }, (_, index) => `p${index}`)
    const pairs = Array.from({ length: 20 }, (_, index) => `([p${2 * index}] = 1 AND [p${2 * index + 1}] = 1)`)
    const text = `${names.map((name) => `${name}: 0, 1, 2`).join('\n')}\n${pairs.join(' OR ')};`
    const { model } = readPict(text, { file: 'm' })
    expect(() => compile(model)).toThrow(
      expect.objectContaining({
        code: 'model_invalid',
        problems: [expect.objectContaining({ place: expect.objectContaining({ line: 41 }) })],
      }),
    )
  })
})

describe('createSolver', () => {
  it('finds a row for every tuple that some valid row holds, and for no other', () => {
    const check = (model: Model): void => {
      const compiled = compile(model)
      const solver = createSolver(compiled)
      const rows = allRows(model)
      const valid = new Set(rows.map(key))
      const count = model.parameters.length
      for (const set of [0, 1, 2, 3].flatMap((size) => subsets(count, size))) {
        const sides = set.map((parameter) => model.parameters[parameter]?.values.map((_, value) => value) ?? [])
        const tuples = sides.reduce<number[][]>(
          (heads, side) => heads.flatMap((head) => side.map((v) => [...head, v])),
          [[]],
        )
        for (const tuple of tuples) {
          const symbols = tuple.map((value, at) => (compiled.offsets[set[at] ?? 0] ?? 0) + value)
          const found = solver.complete(symbols)
          expect(found !== undefined).toBe(
            rows.some((row) => set.every((parameter, at) => row[parameter] === tuple[at])),
          )
          if (found === undefined) continue
          expect(valid.has(key(found))).toBe(true)
          expect(set.map((parameter) => found[parameter])).toEqual(tuple)
        }
      }
    }
    fc.assert(fc.property(modelArbitrary(), check), { numRuns: 200 })
  })

  it('builds rows step by step, knows when they can be completed, and forgets what is undone', () => {
    const steps = fc.array(fc.record({ symbol: fc.nat(20), undo: fc.boolean() }), { maxLength: 12 })
    const check = (model: Model, script: readonly { symbol: number; undo: boolean }[]): void => {
      const compiled = compile(model)
      const solver = createSolver(compiled)
      const rows = allRows(model)
      const start = [...solver.alive]
      const history: { mark: number; symbol: number; alive: number[] }[] = []
      const has = (row: readonly number[], symbol: number): boolean => {
        const parameter = compiled.parameterOf[symbol] ?? 0
        return (compiled.offsets[parameter] ?? 0) + (row[parameter] ?? 0) === symbol
      }
      for (const { symbol: any, undo } of script) {
        const last = undo ? history.pop() : undefined
        if (last !== undefined) {
          solver.undo(last.mark)
          expect([...solver.alive]).toEqual(last.alive)
          continue
        }
        const symbol = any % compiled.symbols
        const before = { mark: solver.mark(), symbol, alive: [...solver.alive] }
        const fitting = rows.filter((row) =>
          [...history.map((each) => each.symbol), symbol].every((each) => has(row, each)),
        )
        if (solver.assign(symbol)) history.push(before)
        else expect([...solver.alive, ...fitting]).toEqual(before.alive)
        const left = rows.filter((row) => history.every((each) => has(row, each.symbol)))
        expect(solver.completable()).toBe(left.length > 0)
        for (const row of left) row.forEach((v, p) => expect(solver.alive[(compiled.offsets[p] ?? 0) + v]).toBe(1))
        const finished = solver.finish()
        if (finished !== undefined) expect(left.map(key)).toContain(key(finished))
      }
      solver.reset()
      expect([...solver.alive]).toEqual(start)
      solver.left.forEach((left, p) => {
        const own = start.slice(compiled.offsets[p], compiled.offsets[p + 1])
        expect(left).toBe(own.filter((alive) => alive === 1).length)
      })
    }
    fc.assert(fc.property(modelArbitrary(), steps, check), runs)
  })

  it('asks for preferences among possible values only, and prefers rows without negative values', () => {
    const check = (model: Model): void => {
      const compiled = compile(model)
      const solver = createSolver(compiled)
      const rows = allRows(model)
      const isPositive = (row: ArrayLike<number>): boolean =>
        model.parameters.every(({ values }, p) => values[row[p] ?? 0]?.negative === false)
      const row = solver.complete([], (_, candidates, n) => candidates[n - 1] ?? 0)
      expect(row === undefined).toBe(rows.length === 0)
      if (row !== undefined && rows.some(isPositive)) expect(isPositive(row)).toBe(true)
    }
    fc.assert(fc.property(modelArbitrary(2), check), runs)
  })

  it('proves a pigeonhole impossible that needs search', () => {
    const holes = 6
    const birds = Array.from({ length: holes + 1 }, (_, index) => `b${index}`)
    const values = Array.from({ length: holes }, (_, index) => index).join(', ')
    const apart = birds.flatMap((a, i) => birds.slice(i + 1).map((b) => `[${a}] <> [${b}];`))
    const text = `${birds.map((name) => `${name}: ${values}`).join('\n')}\n${apart.join('\n')}`
    const model = readPict(text, { file: 'm' }).model
    expect(createSolver(compile(model)).isFeasible([])).toBe(false)
    const { constraints } = model
    const looser = { ...model, constraints: constraints.slice(1) }
    expect(createSolver(compile(looser)).isFeasible([])).toBe(true)
  })

  it('does not multiply the work of groups that have nothing to do with each other', () => {
    const free = Array.from({ length: 40 }, (_, i) => `a${i}: 0, 1, 2\nb${i}: 0, 1, 2`)
    const joined = Array.from({ length: 40 }, (_, i) => `[a${i}] <> [b${i}];`)
    const text = `${free.join('\n')}\nx: 0, 1\ny: 0, 1\nz: 0, 1\n${joined.join('\n')}\n[x] <> [y];\n[y] <> [z];\n[x] <> [z];`
    expect(createSolver(compile(readPict(text, { file: 'm' }).model)).isFeasible([])).toBe(false)
  })
})

describe('decidePairs', () => {
  it('agrees with trying every row', () => {
    const check = (model: Model): void => {
      const compiled = compile(model)
      const solver = createSolver(compiled)
      const pairs = decidePairs(compiled, solver)
      const check3 = createTupleCheck(compiled, solver, pairs)
      const symbolRows = allRows(model).map((row) => row.map((v, p) => (compiled.offsets[p] ?? 0) + v))
      let total = 0
      for (let a = 0; a < compiled.symbols; a++)
        for (let b = 0; b < compiled.symbols; b++) {
          if (a !== b && compiled.parameterOf[a] === compiled.parameterOf[b]) continue
          const isHeld = symbolRows.some((row) => row.includes(a) && row.includes(b))
          if (a < b && isHeld) total++
          expect(pairs.feasible[a * compiled.symbols + b]).toBe(isHeld ? 1 : 0)
          expect(check3([a, b])).toBe(isHeld)
        }
      expect(pairs.total).toBe(total)
    }
    fc.assert(fc.property(modelArbitrary(), check), runs)
  })

  const folder = join(import.meta.dirname, '../../../shared/data/combination-models')
  it.skipIf(!existsSync(folder))('decides the published models', () => {
    const infeasible = readdirSync(folder).map((file) => {
      const { model } = readPict(readFileSync(join(folder, file), 'utf8'), { file })
      const compiled = compile(model)
      return [file, decidePairs(compiled, createSolver(compiled)).infeasible]
    })
    expect(infeasible.filter(([, count]) => count !== 0)).toEqual([
      ['apache.pict', 3],
      ['bugzilla.pict', 4],
      ['gcc.pict', 39],
      ['spins.pict', 13],
      ['spinv.pict', 56],
    ])
  })
})
