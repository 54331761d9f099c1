import { describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import { manifestHead } from './report.fixture.ts'
import { createRefusals } from './trial-refusals.ts'

const a = manifestHead('bot', 'a')
const b = manifestHead('bot', 'b')
const refused = (message = 'the key is wrong'): GreenloopError => new GreenloopError('target_refused', message)

describe('refused calls', () => {
  it('end a manifest after three of the same in a row, and only that one', () => {
    const refusals = createRefusals()
    for (let times = 0; times < 2; times++) refusals.note(a, refused())
    expect(() => refusals.check(a)).not.toThrow()
    refusals.note(a, refused())
    expect(() => refusals.check(a)).toThrow('not tried, for 3 calls in a row were refused: the key is wrong')
    expect(() => refusals.check(b)).not.toThrow()
  })

  it('do not add up over an answer, over other words or over errors that pass', () => {
    const refusals = createRefusals()
    for (let times = 0; times < 9; times++) {
      refusals.note(a, refused())
      refusals.note(a, refused())
      if (times % 2 === 0) refusals.clear(a)
      else refusals.note(a, refused(`the input ${times} is too long`))
      refusals.note(a, new GreenloopError('target_failed', 'away'))
      refusals.note(a, new Error('a defect'))
      expect(() => refusals.check(a)).not.toThrow()
      refusals.clear(a)
    }
  })
})

describe('a quota that is used up', () => {
  it('ends everything that runs on the same account, and nothing else', () => {
    const refusals = createRefusals()
    const other = { ...b, workflow: { ...b.workflow, apiKey: 'another' } }
    refusals.note(a, new GreenloopError('target_quota', 'no more today'))
    expect(() => refusals.check(b)).toThrow('not tried, for the quota is used up: no more today')
    expect(() => refusals.check(other)).not.toThrow()
    try {
      refusals.check(a)
    } catch (error) {
      refusals.note(a, error)
      expect(() => refusals.check(a)).toThrow(/^not tried, for the quota is used up: no more today$/u)
    }
  })
})
