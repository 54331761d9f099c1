import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { total } from '../src/basket.js'

describe('a basket', () => {
  it('that is empty costs nothing', () => {
    assert.equal(total([]), '0.00')
  })

  it('adds prices and counts', () => {
    assert.equal(total([{ price: '2.50', count: 2 }, { price: '0.99' }]), '5.99')
  })
})
