import { describe, expect, test } from 'vitest'
import { judgeAt, judging, userTextOf, verdict } from '../../tests/support/judge-server.ts'
import { positionBias, preferAnswers } from './preference.ts'

const pair = { rubric: 'Shorter is better.', question: 'Capital?', a: 'Paris', b: 'It is Paris.' }

describe('the better of two answers', () => {
  test.each([
    ['first', 'second', 'a', true],
    ['second', 'first', 'b', true],
    ['first', 'first', 'tie', false],
    ['second', 'tie', 'tie', false],
    ['tie', 'tie', 'tie', true],
  ])('%s, then %s with the order turned, is %s', async (straight, swapped, winner, consistent) => {
    await using server = await judging(verdict(straight), verdict(swapped))
    expect(await preferAnswers(judgeAt(server), pair)).toMatchObject({ winner, consistent, straight, swapped })
    expect(userTextOf(server, 0)).toMatch(/<<FIRST-\w+\nParis\n[^]*<<SECOND-\w+\nIt is Paris\.\n/)
    expect(userTextOf(server, 1)).toMatch(/<<FIRST-\w+\nIt is Paris\.\n[^]*<<SECOND-\w+\nParis\n/)
  })

  test('is undecided when one order has no verdict', async () => {
    await using server = await judging(verdict('first'), '?', '?')
    const preferred = await preferAnswers(judgeAt(server), pair)
    expect(preferred).toMatchObject({ winner: 'undecided', fault: 'it is no JSON object' })
    expect(preferred.verdicts[0]).toMatchObject({ verdict: 'first', reasoning: 'because' })
  })
})

describe('position bias', () => {
  test('is how much more often the first place wins both times than the second', () => {
    const pairs = [
      { straight: 'first', swapped: 'first' },
      { straight: 'first', swapped: 'first' },
      { straight: 'second', swapped: 'second' },
      { straight: 'first', swapped: 'second' },
    ] as const
    expect(positionBias(pairs)).toEqual({ pairs: 4, consistent: 0.25, first: 0.5, second: 0.25, bias: 0.25 })
    expect(positionBias([])).toBeUndefined()
  })
})
