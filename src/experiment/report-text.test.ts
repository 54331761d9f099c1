import { describe, expect, it } from 'vitest'
import { comparison } from './report.fixture.ts'
import { comparisonMarkdown, comparisonText } from './report-text.ts'

describe('comparisonText', () => {
  it('tells variants, differences, findings, suspects and gates in an aligned table', () => {
    expect(comparisonText(comparison())).toMatchInlineSnapshot(`
      "support-bot
        Variant       Pass rate            Score  Latency p50 / p95  Cost          Difference to a          Verdict
        a (baseline)  71.2 % [66.9, 74.8]  0.780  870 ms / 1.74 s    0.000310 USD
        b ★           77.2 % [72.6, 81.1]  0.830  1.05 s / 2.10 s    0.000410 USD  +11.8 pts [+4.7, +18.9]  better, p 0.004

      Findings
        b passes 11.8 points more of the cases than a; 95 % interval 4.1 to 19.3, adjusted p 0.004.
        b is 182 ms slower than a by the median; interval 120 to 240 ms.
        With lang = zh and tone = brief, 21 of 24 trials of a fail.

      Combinations that fail
        lang = zh, tone = brief: 21 of 24 failed (support-bot/a)
        and 9 more in comparison.json

      Gates
        ✓ b >= a - 0.02: b - a = 0.118, lower bound 0.041 is above -0.02
        ✕ latency.p95(b) <= 2000: latency.p95(b) = 2140 ms is above 2000 ms
      "
    `)
  })

  it('aligns columns behind names that are twice as wide', () => {
    const [, titles = '', ...rows] = comparisonText(comparison(['短提示词', 'b'])).split('\n')
    const column = titles.indexOf('Pass rate')
    expect(rows[0]?.indexOf('71.2 %')).toBe(column - 4)
    expect(rows[1]?.indexOf('77.2 %')).toBe(column)
  })

  it('leaves out a column that holds nothing', () => {
    const alone = { ...comparison(['a']), pairs: [], gates: [], suspects: [], findings: [], winners: {} }
    expect(comparisonText(alone)).not.toMatch(/Verdict|Difference|Gates|Findings/)
  })

  it('hands on no terminal escapes', () => {
    const hostile = { ...comparison(), findings: ['\u001b[2Jgone\nsecond line\u202e'] }
    expect(comparisonText(hostile)).toContain('  gone second line<U+202E>\n')
  })
})

describe('comparisonMarkdown', () => {
  it('writes a table with as many cells in each row', () => {
    const lines = comparisonMarkdown(comparison()).split('\n')
    const rows = lines.filter((line) => line.startsWith('|'))
    expect(rows).toHaveLength(4)
    expect(new Set(rows.map((row) => row.split('|').length)).size).toBe(1)
    expect(lines[0]).toBe('**❌ 1 of 2 gates failed**')
  })

  it('shows hostile names as text', () => {
    const text = comparisonMarkdown({ ...comparison(), findings: ['<img src=x> | @all `x` [a](b)'] })
    expect(text).toContain(String.raw`- &lt;img src=x> \| &#64;all \`x\` \[a\](b)`)
  })
})
