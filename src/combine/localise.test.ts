import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GreenloopError } from '../domain/errors.ts'
import { prepare } from './conflict.ts'
import { localise, type Localisation } from './localise.ts'
import type { RowOutcome } from './localise-counts.ts'
import { formatLocalisation, outcomesOf } from './localise-text.ts'
import type { Model } from './model.ts'
import { allRows, isValidRow, modelArbitrary, subsets } from './model.fixture.ts'
import { readPict } from './pict-model.ts'
import { readRows } from './rows.ts'

type Tuple = readonly { readonly parameter: number; readonly value: number }[]

const holds = (row: ArrayLike<number>, tuple: Tuple): boolean =>
  tuple.every(({ parameter, value }) => row[parameter] === value)
const result = (row: ArrayLike<number>, fault: Tuple): RowOutcome =>
  holds(row, fault) ? { row, passed: 0, failed: 1 } : { row, passed: 1, failed: 0 }
const key = (tuple: Tuple): string => tuple.map(({ parameter, value }) => `${parameter}=${value}`).join()

/** Runs what is proposed until nothing new is proposed. */
function investigate(model: Model, start: readonly RowOutcome[], run: (row: ArrayLike<number>) => RowOutcome) {
  const prepared = prepare(model)
  const outcomes = [...start]
  for (let round = 0; round < 50; round++) {
    const found = localise(prepared, outcomes)
    if (found.proposals.length === 0) return { found, extra: outcomes.length - start.length }
    outcomes.push(...found.proposals.map(({ row }) => run(row)))
  }
  throw new Error('no end')
}

const solvable = modelArbitrary().filter((model) => allRows(model).length > 1)

describe('localise', () => {
  it('names what failing rows hold and no passing row does, and nothing with a smaller suspect inside', () => {
    const cases = solvable.chain((model) => {
      const rows = allRows(model)
      const results = fc.array(fc.boolean(), { minLength: rows.length, maxLength: rows.length })
      return fc.tuple(fc.constant(model), fc.subarray(rows, { minLength: 1 }), results)
    })
    fc.assert(
      fc.property(cases, ([model, rows, results]) => {
        const outcomes = rows.map((row, index): RowOutcome => ({
          row,
          passed: results[index] ? 1 : 0,
          failed: results[index] ? 0 : 1,
        }))
        const found = localise(prepare(model), outcomes, { largest: 5, kept: 10_000 })
        const failing = rows.filter((_, index) => !results[index])
        const passing = rows.filter((_, index) => results[index])
        const tuples = [1, 2, 3, 4, 5].flatMap((size) =>
          subsets(model.parameters.length, size).flatMap((set) =>
            failing.map((row): Tuple => set.map((parameter) => ({ parameter, value: row[parameter] ?? 0 }))),
          ),
        )
        const innocent = (tuple: Tuple) => passing.some((row) => holds(row, tuple))
        const minimal = tuples.filter(
          (tuple) =>
            !innocent(tuple) &&
            tuple.every((left) => {
              const rest = tuple.filter((each) => each !== left)
              return rest.length === 0 || innocent(rest)
            }),
        )
        const largest = Math.max(0, ...found.suspects.map(({ combination }) => combination.length))
        const wanted = new Set(minimal.filter(({ length }) => length <= largest).map(key))
        expect(new Set(found.suspects.map(({ combination }) => key(combination)))).toEqual(wanted)
        expect([found.flaky, found.unexplained]).toEqual([false, []])
        const sizes = found.suspects.map(({ combination }) => combination.length)
        expect(sizes).toEqual(sizes.toSorted((a, b) => a - b))
        const explained = new Set(found.explanation.flatMap((index) => found.suspects[index]?.explains ?? []))
        expect(explained.size).toBe(failing.length)
      }),
      { numRuns: 300 },
    )
  })

  it('proposes only valid new rows, each with the suspect it decides about', () => {
    const cases = solvable.chain((model) =>
      fc.tuple(fc.constant(model), fc.subarray(allRows(model), { minLength: 1 }), fc.nat()),
    )
    fc.assert(
      fc.property(cases, ([model, rows, any]) => {
        const outcomes = rows.map((row, index): RowOutcome => ({
          row,
          passed: (any >> index) & 1,
          failed: 1 - ((any >> index) & 1),
        }))
        const found = localise(prepare(model), outcomes)
        for (const { row, suspect, alsoHolds } of found.proposals) {
          expect(isValidRow(model, [...row])).toBe(true)
          expect(rows.map(String)).not.toContain(String(row))
          const held = found.suspects.flatMap(({ combination }, index) => (holds(row, combination) ? [index] : []))
          expect(held.toSorted((a, b) => a - b)).toEqual([suspect, ...alsoHolds].toSorted((a, b) => a - b))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('comes down to the cause when its proposals are run', () => {
    const names = Array.from({ length: 12 }, (_, index) => `p${index}`)
    const { model } = readPict(`${names.map((name) => `${name}: 0, 1, 2`).join('\n')}\nIF [p0] = 0 THEN [p1] <> 2;`, {
      file: 'm',
    })
    const fault = [
      { parameter: 3, value: 1 },
      { parameter: 7, value: 2 },
    ]
    const rows = Array.from({ length: 20 }, (_, at) =>
      names.map((_, p) => (p === 1 ? 0 : (at * (p + 2) + ((at * p) >> 2)) % 3)),
    )
    const start = rows.map((row) => result(row, fault))
    expect(start.some(({ failed }) => failed > 0)).toBe(true)
    const { found, extra } = investigate(model, start, (row) => result(row, fault))
    expect(found.suspects.map(({ combination }) => combination)).toEqual([fault])
    expect(extra).toBeLessThan(40)
  })

  it('finds a cause that fails only sometimes by its likelihood', () => {
    const { model } = readPict('A: 1, 2, 3\nB: 1, 2, 3\nC: 1, 2, 3\nD: 1, 2, 3', { file: 'm' })
    const fault = [
      { parameter: 0, value: 1 },
      { parameter: 2, value: 0 },
    ]
    const outcomes = allRows(model).map((row, index): RowOutcome => {
      const failed = holds(row, fault) ? 2 + (index % 2) : index % 40 === 7 ? 1 : 0
      return { row, passed: 4 - failed, failed }
    })
    const found = localise(prepare(model), outcomes)
    expect(found.flaky).toBe(true)
    expect(found.suspects[0]?.combination).toEqual(fault)
    expect(found.suspects[0]?.logLikelihoodRatio).toBeGreaterThan(20)
    expect(found.explanation[0]).toBe(0)
  })

  it('says nothing where nothing failed', () => {
    const { model } = readPict('A: 1, 2', { file: 'm' })
    const found = localise(prepare(model), [{ row: [0], passed: 1, failed: 0 }])
    expect(found).toEqual<Localisation>({ flaky: false, suspects: [], explanation: [], unexplained: [], proposals: [] })
    expect(formatLocalisation(found, model)).toBe('no row failed\n')
  })
})

describe('outcomesOf and formatLocalisation', () => {
  const { model } = readPict('OS: linux, mac\nShell: bash, zsh, fish\nArch: x64, arm', { file: 'm' })
  const read = (text: string) => readRows(text, model, { file: 'r.csv', unknown: 'refuse', outcome: 'result' }).rows

  it('say in words what fails and what to run next', () => {
    const rows = read(`OS,Shell,Arch,result
linux,bash,x64,pass
linux,zsh,arm,PASSED
mac,zsh,x64,fail
mac,bash,arm,ok
linux,fish,x64,pass
mac,fish,arm,pass
`)
    const found = localise(prepare(model), outcomesOf(rows, 'r.csv'))
    expect(
      formatLocalisation(
        found,
        model,
        rows.map(({ line }) => line),
      ),
    ).toBe(`combinations that only failing rows hold:
* 1. OS = mac, Shell = zsh  (1 of 1 runs failed; lines 4)
  2. OS = mac, Arch = x64  (1 of 1 runs failed; lines 4)
  3. Shell = zsh, Arch = x64  (1 of 1 runs failed; lines 4)
* together they explain the failures
run these next, they decide about 1, 2, 3:
OS\tShell\tArch
mac\tzsh\tarm
mac\tbash\tx64
linux\tzsh\tx64
`)
  })

  it('refuse results that are no results', () => {
    const rows = read('OS,Shell,Arch,result\nlinux,bash,x64,maybe\nlinux,,x64,pass\nmac,bash,arm,\n')
    expect(() => outcomesOf(rows, 'r.csv')).toThrow(
      expect.objectContaining<Partial<GreenloopError>>({
        code: 'rows_invalid',
        problems: [
          { message: 'line 2: `maybe` is no result', place: { file: 'r.csv', line: 2 }, help: 'write pass or fail' },
          { message: 'line 3: a row with a result needs every value', place: { file: 'r.csv', line: 3 } },
        ],
      }),
    )
  })
})
