import { describe, expect, it } from 'vitest'
import { choiceOf } from './repair-ask.ts'

const project = {
  id: 7,
  path: 'tools/calculator',
  webUrl: '',
  cloneUrl: '',
  isArchived: false,
  isEmpty: false,
  ciConfigPath: '',
}
const missing = { path: 'tools/calculater', similar: [project] }

describe('the answer to a missing project', () => {
  it('creates, stops, searches, or takes another one', () => {
    expect(choiceOf(' c ', missing)).toEqual({ kind: 'create' })
    expect(choiceOf('q', missing)).toEqual({ kind: 'stop' })
    expect(choiceOf('s calc', missing)).toEqual({ kind: 'search', text: 'calc' })
    expect(choiceOf('1', missing)).toEqual({ kind: 'use', path: 'tools/calculator' })
    expect(choiceOf('other/place', missing)).toEqual({ kind: 'use', path: 'other/place' })
  })

  it('that means nothing is asked for again', () => {
    for (const answer of ['', '2', 'yes', 's ', '99999']) expect(choiceOf(answer, missing)).toBeUndefined()
  })
})
