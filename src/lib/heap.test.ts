import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHeap } from './heap.ts'

describe('a heap', () => {
  it('gives what was put in, the first first, whatever is put in between', () => {
    const action = fc.oneof(fc.integer({ min: -50, max: 50 }), fc.constant('pop' as const))
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const heap = createHeap<number>((one, other) => one < other)
        const model: number[] = []
        for (const each of actions) {
          if (each === 'pop') expect(heap.pop()).toBe(model.shift())
          else {
            heap.push(each)
            model.push(each)
            model.sort((a, b) => a - b)
          }
          expect(heap.peek()).toBe(model[0])
          expect(heap.size).toBe(model.length)
        }
      }),
    )
  })
})
