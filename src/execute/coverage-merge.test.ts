import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mergeCoverage } from './coverage-merge.ts'

const line = fc.integer({ min: 1, max: 5 }).map(String)
const branch = fc.tuple(fc.nat(2), fc.nat(2)).map(([taken, more]) => [taken, taken + more] as const)
const file = fc.record({
  file: fc.constantFrom('a.py', 'b.py'),
  lines: fc.dictionary(line, fc.nat(3), { noNullPrototype: true }),
  branches: fc.dictionary(line, branch, { noNullPrototype: true }),
})
const parts = fc.array(fc.uniqueArray(file, { selector: (one) => one.file }), { maxLength: 4 })

describe('uniting coverage', () => {
  it('adds hits of a line and takes the best of its branches', () => {
    const one = { file: 'a.py', lines: { 1: 1, 2: 0 }, branches: { 1: [1, 2] as const } }
    const two = { file: 'a.py', lines: { 2: 3, 9: 1 }, branches: { 1: [2, 2] as const } }
    expect(mergeCoverage([[one], [two]])).toEqual([
      { file: 'a.py', lines: { 1: 1, 2: 3, 9: 1 }, branches: { 1: [2, 2] } },
    ])
  })

  it('counts each branch once where it is known which were taken', () => {
    const taking = (...targets: number[]) => ({
      file: 'a.py',
      lines: {},
      branches: { 1: [targets.length, 3] as const },
      targets: { 1: targets },
    })
    expect(mergeCoverage([[taking(2)], [taking(4)], [taking(2)]])).toEqual([
      { file: 'a.py', lines: {}, branches: { 1: [2, 3] } },
    ])
  })

  it('does not depend on the order of processes, and loses no line that was hit', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const merged = mergeCoverage(given)
        expect(merged).toEqual(mergeCoverage(given.toReversed()))
        for (const { file, lines } of given.flat()) {
          const found = merged.find((one) => one.file === file)
          for (const [at, hits] of Object.entries(lines)) expect(found?.lines[at]).toBeGreaterThanOrEqual(hits)
        }
      }),
    )
  })
})
