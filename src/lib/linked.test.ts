import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Line } from './linked.ts'
import type { Linked } from './linked.ts'

interface Item extends Linked<Item> {
  readonly name: number
}

function namesOf(line: Line<Item>): number[] {
  const names: number[] = []
  for (let item = line.first; item !== undefined; item = item.after) names.push(item.name)
  return names
}

describe('a line', () => {
  it('keeps the order, whoever leaves it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 60 }), (choices) => {
        const line = new Line<Item>()
        const model: Item[] = []
        for (const [name, choice] of choices.entries()) {
          const leaving = choice % 3 === 0 ? model[choice % Math.max(1, model.length)] : undefined
          if (leaving === undefined) {
            const item: Item = { name, before: undefined, after: undefined }
            line.push(item)
            model.push(item)
          } else {
            line.remove(leaving)
            model.splice(model.indexOf(leaving), 1)
          }
          expect(namesOf(line)).toEqual(model.map((item) => item.name))
          expect(line.last).toBe(model.at(-1))
        }
      }),
    )
  })
})
