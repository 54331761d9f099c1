import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCapped } from './capped.ts'

describe('a capped buffer', () => {
  it('gives back everything below its cap, however it was cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (pieces) => {
        const bytes = Buffer.from(pieces.join(''))
        const capped = createCapped(Math.max(1, bytes.length))
        for (let at = 0; at < bytes.length; at += 3) capped.add(bytes.subarray(at, at + 3))
        expect(capped.read()).toEqual({ text: bytes.toString(), totalBytes: bytes.length, cutBytes: 0 })
      }),
    )
  })

  it('keeps exactly the first and the last bytes of what is longer', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 90_000 }), { maxLength: 8 }),
        fc.integer({ min: 2, max: 200_000 }),
        (sizes, cap) => {
          const all = Buffer.alloc(sizes.reduce((sum, size) => sum + size, 0))
          for (let at = 0; at < all.length; at++) all[at] = 97 + ((at * 7919) % 26)
          const capped = createCapped(cap)
          for (let at = 0, index = 0; index < sizes.length; at += sizes[index] ?? 0, index++) {
            capped.add(all.subarray(at, at + (sizes[index] ?? 0)))
          }
          const { text, totalBytes, cutBytes } = capped.read()
          expect(totalBytes).toBe(all.length)
          expect(cutBytes).toBe(Math.max(0, all.length - cap))
          const head = all.subarray(0, Math.ceil(cap / 2)).toString()
          const tail = all.subarray(all.length - Math.floor(cap / 2)).toString()
          expect(text === (cutBytes === 0 ? all.toString() : `${head}\n[… ${cutBytes} bytes cut …]\n${tail}`)).toBe(
            true,
          )
        },
      ),
      { numRuns: 40 },
    )
  })

  it('does not leave half a character where it cuts', () => {
    const capped = createCapped(10)
    capped.add(Buffer.from('€'.repeat(20)))
    expect(capped.read().text).toBe('€\n[… 50 bytes cut …]\n€')
  })

  it('does not keep the memory that chunks are part of', () => {
    const capped = createCapped(100)
    const chunk = Buffer.from('aaaa')
    capped.add(chunk)
    chunk.fill('b')
    expect(capped.read().text).toBe('aaaa')
  })
})
