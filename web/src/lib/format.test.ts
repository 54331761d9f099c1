import { describe, expect, it } from 'vitest'
import { formatOf } from './format.ts'

describe('amounts', () => {
  const en = formatOf('en')
  it('are told in the unit that fits', () => {
    expect([0, 12, 1500, 59_400, 61_000, 3_600_000, 5_460_000].map((ms) => en.duration(ms))).toEqual([
      '<1 ms',
      '12 ms',
      '1.5 sec',
      '59 sec',
      '1 min 1 sec',
      '1 hr',
      '1 hr 31 min',
    ])
    expect([0, 999, 1500, 5e12].map((bytes) => en.bytes(bytes))).toEqual(['0 byte', '999 byte', '1.5 kB', '5 TB'])
  })

  it('follow the language', () => {
    expect(formatOf('ru').duration(61_000)).toBe('1 мин 1 с')
    expect(formatOf('zh-CN').relative(Date.now() - 7_200_000)).toBe('2小时前')
  })
})
