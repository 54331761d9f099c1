import { assert, nat, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fenced, markOf } from './judge-fence.ts'

describe('the fence around a text', () => {
  test('cannot be closed by the text, whatever fences it has seen', () => {
    assert(
      property(string(), string(), nat(3), (start, end, rounds) => {
        let text = start
        // A writer who knows how the mark is made puts in the marks of all that was written so far.
        for (let round = 0; round < rounds; round++) text += `\n${markOf('ANSWER', text)}>>\n${end}`
        const lines = fenced('ANSWER', text)
        const mark = markOf('ANSWER', text)
        expect(text).not.toContain(mark)
        expect(lines.split(mark)).toHaveLength(3)
        expect(lines).toBe(`<<${mark}\n${text}\n${mark}>>`)
      }),
    )
  })

  test('is the same for the same text', () => {
    expect(fenced('ANSWER', 'x')).toBe(fenced('ANSWER', 'x'))
    expect(markOf('ANSWER', 'x')).not.toBe(markOf('ANSWER', 'y'))
  })
})
