import { array, assert, constantFrom, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diffDsl, placesText } from './dify-dsl-diff.ts'
import { exportedApp, patch } from './dify-dsl.fixture.ts'
import { applyPatches, listPlaces } from './dify-dsl.ts'

const names = { before: 'app.yml', after: 'app.yml (polite)' }

/** Applies a unified difference, as `patch` does. */
function patched(before: string, diff: string): string {
  const old = before.split('\n')
  const made: string[] = []
  let at = 0
  for (const hunk of diff.split(/^(?=@@ )/mu).slice(1)) {
    const [header = '', ...lines] = hunk.replace(/\n$/u, '').split('\n')
    const [, first = '0', count = '0'] = /^@@ -(\d+),(\d+)/u.exec(header) ?? []
    const start = count === '0' ? Number(first) : Number(first) - 1
    made.push(...old.slice(at, start))
    at = start + Number(count)
    made.push(...lines.filter((line) => /^[ +]/u.test(line)).map((line) => line.slice(1)))
  }
  return [...made, ...old.slice(at)].join('\n')
}

describe('diffDsl', () => {
  it('shows the lines that a patch changes, with three lines around them', () => {
    const before = exportedApp('workflow')
    const change = patch({ select: { title: 'Handbook', field: 'top_k' }, op: 'set', value: 8 })
    expect(diffDsl(before, applyPatches(before, [change]).text, names)).toBe(
      [
        '--- app.yml',
        '+++ app.yml (polite)',
        '@@ -111,7 +111,7 @@',
        '         multiple_retrieval_config:',
        '           reranking_enable: false',
        '           score_threshold: 0.35',
        '-          top_k: 4',
        '+          top_k: 8',
        "         query_variable_selector: ['1711528914102', ticket]",
        '         retrieval_mode: multiple',
        '         title: Handbook',
        '',
      ].join('\n'),
    )
  })

  it('is empty for equal texts, and tells of a missing line end', () => {
    expect(diffDsl('a\n', 'a\n', names)).toBe('')
    expect(diffDsl('a', 'a\n', names)).toContain('-a\n\\ No newline at end of file\n+a\n')
  })

  it('makes one text out of the other', () => {
    const text = array(constantFrom('a', 'b', 'c', ''), { maxLength: 60 }).map((lines) => `${lines.join('\n')}\n`)
    assert(
      property(text, text, (before, after) => {
        const diff = diffDsl(before, after, names)
        expect(patched(before, diff)).toBe(after)
        expect(diff).not.toBe(before === after ? 'x' : '')
      }),
      { numRuns: 300 },
    )
  })

  it('answers for texts that have nothing in common', () => {
    const lines = (name: string) => Array.from({ length: 20_000 }, (_, index) => `${name}${index}\n`).join('')
    const diff = diffDsl(lines('a'), lines('b'), names)
    expect(diff).toContain('@@ -1,20000 +1,20000 @@')
  })
})

describe('placesText', () => {
  it('lists each place in a line, long texts cut off', () => {
    expect(
      placesText(listPlaces(exportedApp('chatflow')))
        .split('\n')
        .slice(0, 3),
    ).toEqual([
      'node llm "LLM" (llm), prompt, message 0 (system): 你是一位有耐心的客服。',
      'node llm "LLM" (llm), memory: {{#sys.query#}} {{#sys.files#}}',
      'node llm "LLM" (llm), model.provider: langgenius/tongyi/tongyi',
    ])
    const long = placesText(listPlaces(exportedApp('workflow')))
      .split('\n')
      .find((line) => line.includes('message 0 (system): You'))
    expect(long?.endsWith('…')).toBe(true)
  })
})
