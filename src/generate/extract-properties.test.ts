import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { extractCode } from './extract.ts'
import { mendScript } from './mend.ts'
import { checkScript } from './static-check.ts'

const languages = fc.constantFrom('python', 'typescript', 'javascript')
const shards = [
  '```python\n',
  '```ts\n',
  '```\n',
  '~~~\n',
  '<think>\n',
  '</think>\n',
  'import pytest\n',
  "import { it, expect } from 'vitest'\n",
  'def test_a():\n    assert f(1) == 2\n',
  'def test_b(two):\n    """doc\n',
  '"""\n',
  'class TestA:\n    def test_c(self):\n        assert 1\n',
  "it('a', () => {\n  expect(f(1)).toBe(2)\n})\n",
  "describe('d', () => {\n",
  '})\n',
  '{"code": "',
  'code: |\n  def test_y(): assert 1\n',
  '> ',
  '- ',
  '    ',
  '\u200b',
  '&lt;',
  '`${',
  "'",
  '\\',
  'Some prose here.\n',
]
const answer = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(fc.oneof(fc.constantFrom(...shards), fc.string({ maxLength: 8 })), { maxLength: 25 })
    .map((parts) => parts.join('')),
)

describe('for any answer', () => {
  it('extraction never throws, and what it finds is found again in a fence of its own', () => {
    fc.assert(
      fc.property(answer, languages, (text, language) => {
        const extraction = extractCode(text, { language })
        if (!extraction.found) return
        expect(extraction.tests.length).toBeGreaterThan(0)
        const fence = '`'.repeat(Math.max(3, ...[...extraction.code.matchAll(/`+/g)].map(([run]) => run.length + 1)))
        const again = extractCode(`${fence}${language}\n${extraction.code}\n${fence}`, { language })
        expect(again.found && again.code).toBe(extraction.code)
      }),
      { numRuns: 500, seed: 1 },
    )
  })

  it('mending is idempotent and neither it nor the check throws', () => {
    fc.assert(
      fc.property(answer, languages, (text, language) => {
        const extraction = extractCode(text, { language })
        const kind = { language, framework: language === 'python' ? 'pytest' : 'vitest' } as const
        const mended = mendScript(extraction.found ? extraction.code : text, kind)
        expect(mendScript(mended.code, kind).code).toBe(mended.code)
        checkScript(mended.code, kind)
      }),
      { numRuns: 300, seed: 2 },
    )
  })
})
