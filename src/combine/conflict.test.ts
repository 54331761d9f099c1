import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GreenloopError } from '../domain/errors.ts'
import { minimalConflict, prepare } from './conflict.ts'
import type { Model } from './model.ts'
import { allRows, modelArbitrary } from './model.fixture.ts'
import { readPict } from './pict-model.ts'

const read = (text: string): Model => readPict(text, { file: 'm.pict' }).model

describe('minimalConflict', () => {
  it('names constraints that clash, each of which is needed', () => {
    let contradictory = 0
    fc.assert(
      fc.property(modelArbitrary(8), (model) => {
        const conflict = minimalConflict(model)
        expect(conflict === undefined).toBe(allRows(model).length > 0)
        if (conflict === undefined) return
        contradictory++
        const chosen = conflict.flatMap((index) => model.constraints[index] ?? [])
        expect(allRows(model, chosen)).toEqual([])
        for (const left of chosen)
          expect(
            allRows(
              model,
              chosen.filter((each) => each !== left),
            ),
          ).not.toEqual([])
      }),
      { numRuns: 1000 },
    )
    expect(contradictory).toBeGreaterThan(50)
  })
})

describe('prepare', () => {
  it('throws model_contradictory with the clashing constraints and their lines', () => {
    const model = read(`OS: linux, mac
Size: 1, 2
C: 1, 2
[C] = 1 OR [Size] = 1;
IF [OS] = "linux" THEN [Size] = 1;
[OS] = "linux";
[Size] > 1;`)
    expect(() => prepare(model)).toThrow(
      expect.objectContaining<Partial<GreenloopError>>({
        code: 'model_contradictory',
        message: `no row satisfies this model: 3 constraints clash
line 5: IF [OS] = "linux" THEN [Size] = 1
line 6: [OS] = "linux"
line 7: [Size] > 1`,
      }),
    )
  })

  it('says when negative values alone leave no row', () => {
    expect(() => prepare(read('A: ~1\nB: ~2\nC: 1'))).toThrow('`A` and `B` have negative values only')
  })

  it('warns of values that no row can hold, with the reason', () => {
    const { warnings } = prepare(
      read('A: 1, 2, 3\nB: 1, 2\nC: 1, 2\nIF [A] = 3 THEN [B] = 1;\nIF [A] = 3 THEN [B] = 2;\n[C] = 1;'),
    )
    expect(warnings.map(({ message, place }) => [place?.line, message])).toEqual([
      [4, 'no row can hold `3` of `A`, because of\nline 4: IF [A] = 3 THEN [B] = 1\nline 5: IF [A] = 3 THEN [B] = 2'],
      [6, 'no row can hold `2` of `C`, because of\nline 6: [C] = 1'],
    ])
  })

  it('finds a small conflict among a thousand constraints', () => {
    const names = Array.from({ length: 500 }, (_, index) => `p${index}`)
    const chain = names.slice(1).flatMap((name, index) => [`IF [p${index}] = 1 THEN [${name}] = 1;`, `[${name}] < 2;`])
    const model = read(
      `${names.map((name) => `${name}: 0, 1, 2`).join('\n')}\n${chain.join('\n')}\n[p7] = 1;\n[p11] = 0;`,
    )
    expect(minimalConflict(model)?.map((index) => model.constraints[index]?.text)).toEqual([
      'IF [p7] = 1 THEN [p8] = 1',
      'IF [p8] = 1 THEN [p9] = 1',
      'IF [p9] = 1 THEN [p10] = 1',
      'IF [p10] = 1 THEN [p11] = 1',
      '[p7] = 1',
      '[p11] = 0',
    ])
  })
})
