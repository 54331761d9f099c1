import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLineSplitter } from './lines.ts'

function split(text: string, chunkBytes: number, maxLineBytes = 1000) {
  const lines: string[] = []
  const splitter = createLineSplitter(maxLineBytes, (line) => lines.push(line))
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += chunkBytes) splitter.add(bytes.subarray(at, at + chunkBytes))
  return { lines, cutLines: splitter.cutLines() }
}

describe('a line splitter', () => {
  it('gives the same lines however the stream is cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.integer({ min: 1, max: 50 }), (parts, size) => {
        const lines = parts.map((part) => part.replaceAll('\n', ''))
        expect(split(lines.map((line) => `${line}\n`).join(''), size).lines).toEqual(lines)
      }),
    )
  })

  it('holds back a line that was not ended', () => {
    expect(split('one\ntwo', 2).lines).toEqual(['one'])
  })

  it('cuts a line that is too long, counts it, and reads on', () => {
    expect(split('abcdefgh\nok\n', 3, 5)).toEqual({ lines: ['abcde', 'ok'], cutLines: 1 })
  })

  it('takes a line of exactly the cap whole', () => {
    expect(split('abcde\n', 2, 5)).toEqual({ lines: ['abcde'], cutLines: 0 })
  })
})
