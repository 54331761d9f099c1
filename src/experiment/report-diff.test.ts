import { array, assert, constantFrom, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diffTexts } from './html/diff.js'

const text = array(constantFrom('one', 'two', ' ', '\n', '退款', '.', 'née'), { maxLength: 30 }).map((words) =>
  words.join(''),
)
const side = (pieces: ReturnType<typeof diffTexts>, kind: 'left' | 'right') =>
  pieces.filter(([own]) => own === 'same' || own === kind).map(([, piece]) => piece)

describe('diffTexts', () => {
  it('loses nothing of either text', () => {
    assert(
      property(text, text, (left, right) => {
        const pieces = diffTexts(left, right)
        expect(side(pieces, 'left').join('')).toBe(left)
        expect(side(pieces, 'right').join('')).toBe(right)
      }),
    )
  })

  it('finds no difference in the same text', () => {
    assert(property(text, (same) => diffTexts(same, same).every(([kind]) => kind === 'same')))
  })

  it('marks words, and single signs where words are written without blanks', () => {
    expect(diffTexts('send a refund', 'send no refund')).toEqual([
      ['same', 'send '],
      ['left', 'a'],
      ['right', 'no'],
      ['same', ' refund'],
    ])
    expect(side(diffTexts('全额退款', '部分退款'), 'left')).toEqual(['全额', '退款'])
  })

  it('goes by lines where texts are long, and gives up marking where even those are too many', () => {
    const lines = Array.from({ length: 1500 }, (_, at) => `${at} ${at % 7} ${at % 11}`)
    const other = lines.map((line) => line.replace(/7$/, 'x'))
    expect(diffTexts(lines.join('\n'), other.join('\n')).length).toBeGreaterThan(100)
    const words = (word: string) => Array.from({ length: 2500 }, (_, at) => `${word}${at}`).join('\n')
    expect(diffTexts(words('a'), words('b'))).toHaveLength(2)
  })
})
