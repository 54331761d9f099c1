import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { eventsOf } from '../../tests/support/llm-server.ts'
import { GreenloopError } from '../domain/errors.ts'
import { createAnswerReader } from './answer-reader.ts'

function read(pieces: readonly string[]) {
  const reader = createAnswerReader(undefined)
  for (const piece of pieces) reader.push(piece)
  return reader.finish()
}

function cutAt(text: string, places: readonly number[]): string[] {
  const ends = [...places.map((place) => place % (text.length + 1)), text.length].sort((a, b) => a - b)
  return ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end))
}

it('gives the same answer however the body is cut into pieces', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.array(fc.nat()),
      fc.constantFrom('\n', '\r\n'),
      (text, places, newline) => {
        expect(read(cutAt(eventsOf(text, { newline }), places)).text).toBe(text)
      },
    ),
  )
})

it('takes a stream that is cut off anywhere for complete only after its finish reason', () => {
  const events = eventsOf('some text of a model')
  const finished = events.indexOf('"finish_reason":"stop"')
  fc.assert(
    fc.property(fc.nat({ max: finished }), (length) => {
      expect(() => read([events.slice(0, length)])).toThrow(GreenloopError)
    }),
  )
})

it('ends every body, however strange, in an answer or in an error of ours', () => {
  const strange = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.json().map((json) => `data: ${json}\n\n`),
    fc.json().map((json) => `{"choices":${json}}`),
    fc.json().map((json) => `data: {"choices":[{"delta":${json}}]}\n\n`),
  )
  fc.assert(
    fc.property(fc.array(strange, { maxLength: 4 }), (pieces) => {
      try {
        expect(read(pieces)).toHaveProperty('finish')
      } catch (error) {
        expect(error).toBeInstanceOf(GreenloopError)
      }
    }),
    { numRuns: 2000 },
  )
})
