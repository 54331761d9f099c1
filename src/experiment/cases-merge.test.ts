import { describe, expect, it } from 'vitest'
import { caseSchema } from '../domain/case.ts'
import { collectCases } from './cases-merge.ts'

const spec = caseSchema.parse({ id: '00000000000000aa', name: 'a', dataset: 'd', inputs: {} })

describe('collectCases', () => {
  it('tells two different cases with the same id from the same case twice', () => {
    const collection = collectCases()
    expect(collection.add({ spec, hash: 'aa11' })).toBe('new')
    expect(collection.add({ spec, hash: 'aa11' })).toBe('merged')
    expect(collection.add({ spec, hash: 'aa22' })).toBe('clash')
    expect(collection.cases).toEqual([spec])
  })

  it('keeps the checks of the turns of both', () => {
    const turn = (type: string) => ({ query: 'hi', checks: [{ type: 'is_json', name: type }] })
    const collection = collectCases()
    collection.add({ spec: caseSchema.parse({ ...spec, turns: [turn('one')] }), hash: 'a' })
    collection.add({ spec: caseSchema.parse({ ...spec, turns: [turn('two')] }), hash: 'a' })
    expect(collection.cases[0]?.turns?.[0]?.checks.map(({ name }) => name)).toEqual(['one', 'two'])
  })
})
