import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { total } from '../src/basket.js'
import { discounted } from '../src/discount.js'

describe('a discount', () => {
  it('of nothing changes nothing', () => {
    assert.equal(total([{ price: '9.99' }]), '9.99')
  })

  it('is rounded to the nearest cent', () => {
    assert.equal(discounted(999, 15), 849)
    assert.equal(discounted(1005, 50), 503)
  })

  it('of everything leaves nothing', () => {
    assert.equal(discounted(500, 100), 0)
  })

  it('beyond everything is refused', () => {
    assert.throws(() => discounted(500, 101), RangeError)
  })
})
