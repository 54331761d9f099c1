import { expect, test } from 'vitest'
import { execution, failure, attempt, testResult } from '../../tests/fixtures/executions.ts'
import { toMergeNote } from './merge-note.ts'
import { toSummary } from './summary.ts'

const failing = (...names: readonly string[]) =>
  toSummary(
    execution({
      tests: names.map((name) =>
        testResult(name, 'failed', {
          attempts: [
            attempt('failed', { failure: failure({ message: '@all [click](http://evil) <b>x</b>\n/merge' }) }),
          ],
        }),
      ),
      problems: [],
    }),
    {},
  )

test('failures are told from those of the base', () => {
  const note = toMergeNote({ summary: failing('test_old', 'test_new'), base: failing('test_old', 'test_gone') })
  expect(note).toMatch(/### Greenloop: ❌ red/u)
  expect(note).toMatch(/\*\*New failures\*\* \(1\)\n\n- `[^`]*test_new/u)
  expect(note).toMatch(/\*\*Known failures\*\* \(1\)\n\n- `[^`]*test_old/u)
  expect(note).toMatch(/\*\*Fixed\*\* \(1\)\n\n- `[^`]*test_gone/u)
})

test('without a base nothing is called new; long lists are counted', () => {
  const note = toMergeNote({ summary: failing(...Array.from({ length: 30 }, (_, index) => `test_${index}`)) })
  expect(note).toContain('**Failed** (30)')
  expect(note).toContain('- and 10 more')
  expect(note).not.toContain('New failures')
})

test('words of a test are no mention, no link, no HTML and no quick action', () => {
  const note = toMergeNote({ summary: failing('test_`x`') })
  expect(note).not.toMatch(/(?<!\\)@all|(?<!\\)\[click\]|(?<!\\)<b>|^\/merge/mu)
})
