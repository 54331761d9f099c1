import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { createSlots } from './gitlab-slots.ts'

const { signal } = new AbortController()

it('lets in no more than fit, and all of them in their order, whatever fails', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(fc.boolean(), { maxLength: 20 }), async (width, ends) => {
      const slots = createSlots(width)
      const begun: number[] = []
      let inside = 0
      const works = ends.map((isGood, number) =>
        slots(async () => {
          begun.push(number)
          inside++
          expect(inside).toBeLessThanOrEqual(width)
          await new Promise(setImmediate)
          inside--
          if (!isGood) throw new Error('failed')
        }, signal),
      )
      const settled = await Promise.allSettled(works)
      expect(settled.map(({ status }) => status === 'fulfilled')).toEqual(ends)
      expect(begun).toEqual(ends.map((_, number) => number))
    }),
  )
})

it('lets go of whoever waits and is aborted, and serves the others', async () => {
  const slots = createSlots(1)
  const gate = Promise.withResolvers<void>()
  const stop = new AbortController()
  const first = slots(() => gate.promise, signal)
  const second = slots(async () => 'never', stop.signal)
  const third = slots(async () => 'third', signal)
  stop.abort(new Error('enough'))
  await expect(second).rejects.toThrow('enough')
  gate.resolve()
  await first
  expect(await third).toBe('third')
})
