import { describe, expect, it } from 'vitest'
import { coverage } from '../../tests/fixtures/executions.ts'
import { allOf, canParseXml, parseXml } from '../../tests/fixtures/xml.ts'
import { coverageTotals, toCobertura } from './cobertura.ts'

describe('coverageTotals', () => {
  it('counts lines and branches over files', () => {
    expect(coverageTotals(coverage())).toEqual({
      linesValid: 6,
      linesCovered: 5,
      branchesValid: 2,
      branchesCovered: 1,
      linePercent: 83.33,
      branchPercent: 50,
    })
  })

  it('never says 0 % or 100 % where nothing was measured', () => {
    const totals = coverageTotals([])
    expect(totals.linePercent).toBeUndefined()
    expect(totals.branchPercent).toBeUndefined()
  })

  it('does not round up to 100 % while a line is missed', () => {
    const lines = Object.fromEntries(Array.from({ length: 100_000 }, (_, line) => [line + 1, line === 0 ? 0 : 1]))
    expect(coverageTotals([{ file: 'a.py', lines, branches: {} }]).linePercent).toBe(99.99)
  })
})

describe.skipIf(!canParseXml)('toCobertura', () => {
  const document = parseXml(toCobertura(coverage(), { timestamp: 1_700_000_000_000.4 }))

  it('states totals and rates at the root', () => {
    expect(document.tag).toBe('coverage')
    expect(document.attributes).toMatchObject({
      'line-rate': '0.8333',
      'branch-rate': '0.5',
      'lines-valid': '6',
      timestamp: '1700000000000',
    })
    expect(allOf(document, 'source').map((source) => source.text)).toEqual(['.'])
  })

  it('has one package a folder and one class a file', () => {
    expect(allOf(document, 'package').map((each) => each.attributes['name'])).toEqual(['src', 'src.store'])
    expect(allOf(document, 'class').map((each) => each.attributes['filename'])).toEqual([
      'src/calc.py',
      'src/store/db.py',
    ])
  })

  it('has lines in numeric order, with conditions on branches', () => {
    const lines = allOf(document, 'class')[0]
    expect(lines && allOf(lines, 'line').map((line) => line.attributes)).toEqual([
      { number: '1', hits: '1' },
      { number: '2', hits: '4', branch: 'true', 'condition-coverage': '50% (1/2)' },
      { number: '3', hits: '0' },
      { number: '10', hits: '2' },
    ])
  })

  it('gives names relative to the repository and escapes them', () => {
    const files = ['./a.py', '/b&"<.py', 'c\\d.py'].map((file) => ({ file, lines: { 1: 1 }, branches: {} }))
    const names = allOf(parseXml(toCobertura(files, { timestamp: 0 })), 'class').map(
      (each) => each.attributes['filename'],
    )
    expect(names.toSorted((a = '', b = '') => (a < b ? -1 : 1))).toEqual(['a.py', 'b&"<.py', 'c/d.py'])
  })
})
