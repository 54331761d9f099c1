import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from './compile.ts'
import { lowerBound } from './coverage-bound.ts'
import type { Model } from './model.ts'
import { allRows, modelArbitrary } from './model.fixture.ts'
import { readPict } from './pict-model.ts'
import { verify } from './verify.ts'

const boundOf = (model: Model, strength: number): number =>
  lowerBound(compile(model), { subModels: model.subModels, strength })

const uniform = (values: number, count: number): Model => {
  const list = Array.from({ length: values }, (_, value) => value).join(', ')
  return readPict(Array.from({ length: count }, (_, index) => `p${index}: ${list}`).join('\n'), { file: 'm' }).model
}

describe('lowerBound', () => {
  it('is never above the size of a covering array', () => {
    let tight = 0
    fc.assert(
      fc.property(modelArbitrary(), fc.integer({ min: 1, max: 3 }), (model, strength) => {
        const rows = allRows(model)
        if (rows.length === 0) return
        const kept: number[][] = [...rows]
        for (const row of rows) {
          const without = kept.filter((each) => each !== row)
          if (verify(model, without, strength).complete) kept.splice(kept.indexOf(row), 1)
        }
        const bound = boundOf(model, strength)
        expect(bound).toBeLessThanOrEqual(kept.length)
        if (bound === kept.length) tight++
      }),
      { numRuns: 150 },
    )
    expect(tight).toBeGreaterThan(30)
  })

  it('knows the sizes that were proven for many equal parameters', () => {
    expect(boundOf(uniform(2, 3), 2)).toBe(4)
    expect(boundOf(uniform(2, 4), 2)).toBe(5)
    expect(boundOf(uniform(2, 10), 2)).toBe(6)
    expect(boundOf(uniform(2, 100), 2)).toBe(10)
    expect(boundOf(uniform(3, 4), 2)).toBe(9)
    expect(boundOf(uniform(3, 5), 2)).toBe(10)
    expect(boundOf(uniform(20, 5), 2)).toBe(400)
    expect(boundOf(uniform(2, 12), 3)).toBe(14)
  })

  it('adds up rows without a negative value and rows with each of them', () => {
    const { model } = readPict('A: 1, 2, ~3\nB: 1, 2, ~3\nC: 1, 2, ~3', { file: 'm' })
    expect(boundOf(model, 1)).toBe(2 + 3)
    expect(boundOf(model, 2)).toBe(4 + 3 * 2)
    expect(boundOf(model, 3)).toBe(8 + 3 * 4)
  })

  it('exchanges a pair for several that can never stand in one row', () => {
    const text = `M: x, y
A: 0, 1, 2
B: 0, 1, 2
C: 0, 1, 2, 3
D: 0, 1, 2, 3
IF [M] = "x" THEN [A] > 0 AND [B] > 0 AND [C] = 0 AND [D] = 0 ELSE [A] = 0 AND [B] = 0 AND [C] > 0 AND [D] > 0;`
    const { model } = readPict(text, { file: 'm' })
    expect(allRows(model).length).toBe(13)
    expect(boundOf(model, 2)).toBe(13)
  })

  const folder = join(import.meta.dirname, '../../../shared/data/combination-models')
  it.skipIf(!existsSync(folder))('stays at or below the best known sizes', () => {
    const best = {
      spins: 19,
      spinv: 31,
      gcc: 15,
      apache: 30,
      bugzilla: 16,
      c_2p100: 10,
      c_3p4: 9,
      c_3p13: 15,
      c_20p5: 400,
    }
    const bounds = readdirSync(folder).map((file) => {
      const { model } = readPict(readFileSync(join(folder, file), 'utf8'), { file })
      return [file.replace('.pict', ''), boundOf(model, 2)] as const
    })
    for (const [name, known] of Object.entries(best)) expect(new Map(bounds).get(name)).toBeLessThanOrEqual(known)
    expect(new Map(bounds).get('apache')).toBe(30)
  })
})
