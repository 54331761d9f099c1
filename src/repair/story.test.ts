import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RepairState } from '../domain/repair.ts'
import { startState } from './repair.ts'
import { codeBlock, codeCell, codeSpan, linkTo } from './story-text.ts'
import { markerOf, storyOf } from './story.ts'

const hostile = '@all | `x` <b>\n/close\n![i](http://evil.test) #1 !2 ```\n</details>'

const told: RepairState = {
  ...startState('tools/calculator'),
  phase: 'done',
  end: 'gave_up',
  reason: 'the only round is used up',
  advice: 'Look at it.',
  flaky: ['e2e | smoke'],
  retries: { deploy: 2 },
  notes: [hostile],
  tokens: 1200,
  costUsd: 0.0012,
  rounds: [
    {
      number: 1,
      pipelineId: 3,
      failing: [{ name: hostile, stage: 'test', status: 'failed', webUrl: 'https://host.test/-/jobs/1' }],
      signature: 'aa',
      strategy: 'whole_file',
      outcome: 'rejected',
      explanation: `Here.\n${hostile}`,
      diff: '--- a/x\n+++ b/x\n@@ -1 +1 @@\n-```\n+/close\n',
      findings: [
        { code: 'protected_test', path: 'tests/a | b.py', message: 'is a test', blocks: true },
        { code: 'deleted_symbol', message: hostile, blocks: false },
      ],
      tokens: 1200,
      costUsd: 0.0012,
    },
  ],
}

describe('the comment of a run', () => {
  it('tells rounds, findings, flaky jobs, cost, the end and what a person can do', () => {
    expect(storyOf(told, '20261121_120000_abcd')).toMatchSnapshot()
  })

  it('begins with the marker by which it is found again, and says that the run is at work', () => {
    expect(storyOf(startState('x'), 'id').split('\n')[0]).toBe(markerOf('id'))
    expect(storyOf(startState('x'), 'id')).toContain('at work')
  })

  it('stays under 200,000 characters, and leaves out the oldest rounds', () => {
    const round = { ...(told.rounds[0] as RepairState['rounds'][number]), diff: 'x'.repeat(40_000) }
    const rounds = Array.from({ length: 50 }, (_, index) => ({
      ...round,
      number: index + 1,
      explanation: 'y'.repeat(5000),
    }))
    const story = storyOf({ ...told, rounds }, 'id')
    expect(story.length).toBeLessThan(200_000)
    expect(story).toContain('Round 50')
  })
})

describe('text from outside', () => {
  it('stays in its code span, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('`', '|', 'a', '\n', '@', ' ', '<', '\\') }), (text) => {
        const span = codeSpan(text)
        if (span === '') return
        const run = /^`+/.exec(span)?.[0].length ?? 0
        const inside = span.slice(run, -run)
        expect(span).not.toContain('\n')
        expect((inside.match(/`+/g) ?? []).every((each) => each.length !== run)).toBe(true)
        expect(codeCell(text)).not.toMatch(/(?<!\\)\|/)
      }),
    )
  })

  it('stays in its block, and no line of it is a quick action', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('`', '/', 'a', '\n', '@', '\r', '~', '\u0000') }), (text) => {
        const lines = codeBlock(text, 'text', 1000).split('\n')
        const run = /^`+/.exec(lines[0] ?? '')?.[0].length ?? 0
        expect(lines.at(-1)).toBe('`'.repeat(run))
        const inside = lines.slice(1, -1).join('\n')
        expect(inside).not.toMatch(/^\//m)
        expect((inside.match(/`+/g) ?? []).every((each) => each.length < run)).toBe(true)
      }),
    )
  })

  it('is no link where it is no plain address of a page', () => {
    expect(linkTo('x', 'javascript:alert(1)')).toBe('x')
    expect(linkTo('x', 'https://a.test/b) [c](d')).toBe('x')
    expect(linkTo('x', 'https://a.test/-/jobs/1')).toBe('[x](https://a.test/-/jobs/1)')
  })
})
