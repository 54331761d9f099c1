import { expect, it } from 'vitest'
import { estimateTokens } from './tokens.ts'

it('counts four Latin characters as a token', () => {
  expect(estimateTokens('')).toBe(0)
  expect(estimateTokens('a')).toBe(1)
  expect(estimateTokens('x'.repeat(400))).toBe(100)
})

it('counts Chinese, Japanese and Korean characters as more', () => {
  expect(estimateTokens('测试用例')).toBe(3)
  expect(estimateTokens('テスト 테스트')).toBeGreaterThan(estimateTokens('tesuto t'))
})
