import { describe, expect, it } from 'vitest'
import { compareTexts } from './diff-lines.ts'

describe('two texts', () => {
  it('differ by what a reader sees as a character', () => {
    const own = (side: string) =>
      compareTexts('naïve 👩‍👩‍👧 好', 'naïve 👩‍👩‍👦 坏')
        .filter((line) => line.side === side)
        .flatMap((line) => line.pieces.filter((piece) => piece.isOwn).map((piece) => piece.text))
    expect(own('before')).toEqual(['👩‍👩‍👧', '好'])
    expect(own('after')).toEqual(['👩‍👩‍👦', '坏'])
  })

  it('keep lines that are the same, with or without a last line break', () => {
    expect(
      compareTexts('a\nb\n', 'a\nc').map(({ side, pieces }) => [side, pieces.map(({ text }) => text).join('')]),
    ).toEqual([
      ['both', 'a'],
      ['before', 'b'],
      ['after', 'c'],
    ])
  })

  it('are compared in a moment though their lines are long', () => {
    const lines = compareTexts('x'.repeat(60_000), 'y'.repeat(60_000))
    expect(lines.map(({ side }) => side)).toEqual(['before', 'after'])
  })
})
