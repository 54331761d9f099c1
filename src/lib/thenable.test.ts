import { describe, expect, it } from 'vitest'
import { isThenable } from './thenable.ts'

describe('a thenable', () => {
  it('has a method of that name', () => {
    // oxlint-disable-next-line unicorn/no-thenable -- that is what is looked for
    expect([Promise.resolve(), { then: () => {} }].every(isThenable)).toBe(true)
    // oxlint-disable-next-line unicorn/no-thenable -- that is what is looked for
    expect([undefined, null, 3, 'then', {}, { then: 3 }, () => {}].some(isThenable)).toBe(false)
  })
})
