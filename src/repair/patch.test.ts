import { applyPatch } from 'diff'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changedLines, patchId, unifiedDiff } from './patch.ts'

describe('the diff of a patch', () => {
  it('is one that tools read', () => {
    expect(
      unifiedDiff(
        [
          { path: 'a.py', before: 'a\nb\n', after: 'a\nc\n' },
          { path: 'n.py', after: 'x\n' },
        ],
        10_000,
      ),
    ).toBe('--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n--- /dev/null\n+++ b/n.py\n@@ -0,0 +1,1 @@\n+x\n')
  })

  it('turns the old file into the new one', () => {
    const text = fc.array(fc.stringMatching(/^[ab ]{0,3}$/), { maxLength: 20 }).map((lines) => lines.join('\n'))
    fc.assert(
      fc.property(text, text, (before, after) => {
        if (before === after) return
        expect(applyPatch(before, unifiedDiff([{ path: 'a', before, after }], 100_000))).toBe(after)
      }),
    )
  })

  it('is cut at the end of a line', () => {
    const after = 'some line\n'.repeat(2_000)
    const diff = unifiedDiff([{ path: 'a', before: '', after }], 1_000)
    expect(diff.length).toBeLessThanOrEqual(1_000)
    expect(diff).toMatch(/\+some line\n… cut off …\n$/)
    expect(unifiedDiff([{ path: 'a', before: '', after }], 5).length).toBeLessThanOrEqual(5)
  })

  it('takes bounded time where everything differs', () => {
    const text = (letter: string): string => Array.from({ length: 50_000 }, (_, i) => `${letter}${i}\n`).join('')
    const started = performance.now()
    const files = [{ path: 'a', before: text('a'), after: text('b') }]
    expect(unifiedDiff(files, 10_000)).toContain('more than can be shown')
    expect(changedLines(files)).toEqual({ added: 50_001, removed: 50_001 })
    expect(performance.now() - started).toBeLessThan(15_000)
  })

  it('does not let a path write lines of its own', () => {
    expect(unifiedDiff([{ path: 'a\n+++ b/x', before: 'a\n', after: 'b\n' }], 1_000)).toContain('+++ b/a?+++ b/x\n')
  })
})

describe('the id of a patch', () => {
  const file = { path: 'a.py', before: 'a\nb\nc\n', after: 'a\nB\nc\n' }
  const other = { path: 'b.py', before: 'a\n', after: 'b\n' }

  it('does not depend on order, place, or space at the end of lines', () => {
    expect(patchId([file, other])).toBe(patchId([other, file]))
    expect(patchId([{ ...file, after: 'a\nB  \nc\n' }])).toBe(patchId([file]))
    const far = (text: string): string => `${'x\n'.repeat(50)}1\n2\n3\n${text}`
    const near = (text: string): string => `1\n2\n3\n${text}`
    expect(patchId([{ path: 'a.py', before: far(file.before), after: far(file.after) }])).toBe(
      patchId([{ path: 'a.py', before: near(file.before), after: near(file.after) }]),
    )
  })

  it('differs for another change, another file, another indentation', () => {
    const ids = [
      [file],
      [{ ...file, path: 'c.py' }],
      [{ ...file, after: 'a\n  B\nc\n' }],
      [{ ...file, after: 'a\nc\n' }],
      [file, other],
    ].map(patchId)
    expect(new Set(ids).size).toBe(5)
  })
})

describe('the size of a patch', () => {
  it('counts lines that come and go', () => {
    expect(
      changedLines([
        { path: 'a', before: 'a\nb\nc\n', after: 'a\nx\ny\nc\n' },
        { path: 'n', after: '1\n2\n' },
      ]),
    ).toEqual({ added: 4, removed: 1 })
    expect(changedLines([])).toEqual({ added: 0, removed: 0 })
  })
})
