import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from './compile.ts'
import { restrict } from './engine-part.ts'
import { parameterSets } from './engine-sets.ts'
import { createStream } from './engine-stream.ts'
import { allRows, modelArbitrary } from './model.fixture.ts'
import { PairArray } from './search-pairs.ts'
import type { SearchArray } from './search-array.ts'
import { TupleArray } from './search-tuples.ts'
import { indexTuples, symbolsOf } from './tuples.ts'

/** Open tuples, and by cell the tuples that its row alone holds, counted from nothing. */
function recount(array: SearchArray, tuples: readonly Int32Array[]) {
  const { rows, cells, parameters, parameterOf } = array
  const unique = new Int32Array(rows * parameters)
  let opened = 0
  for (const tuple of tuples) {
    const places = [...tuple].map((symbol) => parameterOf[symbol] as number)
    const holders = Array.from({ length: rows }, (_, row) => row).filter((row) =>
      places.every((p, at) => cells[row * parameters + p] === tuple[at]),
    )
    if (holders.length === 0) opened++
    const [only] = holders
    if (holders.length === 1 && only !== undefined) for (const p of places) (unique[only * parameters + p] as number)++
  }
  return { opened, unique }
}

describe('arrays under search', () => {
  it.each([2, 1, 3])('know after any changes what each cell covers alone, at strength %i', (strength) => {
    fc.assert(
      fc.property(modelArbitrary(0), fc.nat(), (model, seed) => {
        const part = restrict(compile(model), () => true)
        const { compiled } = part
        const { counts, offsets, symbols, parameterOf } = compiled
        fc.pre(counts.length >= 2 && allRows(model).length > 0)
        const stream = createStream(seed)
        const index = indexTuples(compiled, parameterSets(counts.length, { strength, subModels: [] }))
        const needed = new Uint8Array(index.total).map(() => (stream.below(8) === 0 ? 0 : 1))
        const tuples: Int32Array[] = []
        const pairs = new Uint8Array(symbols * symbols)
        for (let tuple = 0; tuple < index.total; tuple++) {
          const held = symbolsOf(index, tuple)
          if (needed[tuple] === 1) tuples.push(held)
          if (held.length === 2 && needed[tuple] === 1) pairs[(held[0] ?? 0) * symbols + (held[1] ?? 0)] = 1
        }
        const array =
          strength === 2 && stream.below(2) === 0
            ? new PairArray(compiled, pairs, 6)
            : new TupleArray(compiled, { index, needed }, 6)
        const random = (): Int32Array => counts.map((count, p) => (offsets[p] as number) + stream.below(count))
        array.load(Array.from({ length: 6 }, random))
        for (let step = 0; step < 30; step++) {
          const row = stream.below(array.rows)
          const trial = random()
          const before = array.openWeight
          const delta = array.weigh(row, trial)
          const [symbol = 0] = trial
          const p = parameterOf[symbol] as number
          const single = array.cells.slice(row * counts.length, (row + 1) * counts.length)
          single[p] = symbol
          const predicted = (array.unique[row * counts.length + p] as number) - array.gainOf(row, symbol)
          if (single.some((cell, q) => cell !== array.cells[row * counts.length + q]))
            expect(array.weigh(row, single)).toBe(predicted)
          trial.forEach((each, q) => array.change(row, q, each))
          expect(array.openWeight - before).toBe(delta)
          if (step === 20) array.remove(stream.below(array.rows))
        }
        const { opened, unique } = recount(array, tuples)
        expect(array.opened).toBe(opened)
        expect([...array.unique.slice(0, unique.length)]).toEqual([...unique])
      }),
      { numRuns: 300 },
    )
  })
})
