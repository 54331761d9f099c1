import { jsonLanguage } from '@codemirror/lang-json'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { suiteSchema } from '../../src/domain/suite.ts'
import { placeAt } from '../../web/src/editor/place.ts'
import { keySuggestions, schemasAt, valueSuggestions } from '../../web/src/editor/schema.ts'
import type { Schema } from '../../web/src/editor/schema.ts'

const schema = z.toJSONSchema(suiteSchema, { io: 'input' }) as Schema

/** What is suggested where `|` stands. */
function at(marked: string) {
  const cursor = marked.indexOf('|')
  const text = marked.replace('|', '')
  const place = placeAt(jsonLanguage.parser.parse(text), (from, to) => text.slice(from, to), cursor)
  if (place === undefined) return undefined
  const suggest =
    place.kind === 'key' ? keySuggestions(schema, place.way, place.present) : valueSuggestions(schema, place.way)
  return { ...place, replaced: text.slice(place.from, place.to), labels: suggest.map(({ label }) => label), suggest }
}

describe('suggestions of the editor', () => {
  it('are the keys that may stand there and do not yet', () => {
    const top = at('{ "name": "x", | }')
    expect(top).toMatchObject({ kind: 'key', way: [] })
    expect(top?.labels[0]).toBe('target')
    expect(top?.labels).toContain('cases')
    expect(top?.labels).not.toContain('name')
    expect(at('{|')?.labels).toContain('target')
    expect(at('{ "cases": [{ "id": "a", | }] }')).toMatchObject({ way: ['cases', 0] })
    expect(at('{ "cases": [{ "id": "a", | }] }')?.labels).toContain('expected')
  })

  it('replace the key that is being written', () => {
    expect(at('{ "ta|" }')).toMatchObject({ kind: 'key', way: [], replaced: '"ta"', hasColon: false })
    expect(at('{ "ta|rget": {} }')).toMatchObject({ replaced: '"target"', hasColon: true })
    expect(at('{ "target": { "ki|" } }')?.labels).toContain('kind')
  })

  it('are the words of a choice, and beginnings with what is required', () => {
    expect(at('{ "target": { "kind": | } }')?.labels).toEqual(['"python"', '"node"', '"http"'])
    expect(at('{ "target": { "kind": "p|" } }')).toMatchObject({ kind: 'value', replaced: '"p"' })
    expect(at('{ "cases": [ | ] }')?.suggest[0]?.snippet).toBe('{ "id": "#{}", "title": "#{}" }')
    expect(at('{ "cases": [{ "id": "a" }, | ] }')).toMatchObject({ kind: 'value', way: ['cases', 0] })
    expect(at('{ "target": | }')?.suggest[0]?.snippet).toBe('{ "kind": "#{python}" }')
  })

  it('are not made where nothing is known, nor where only a comma may stand', () => {
    expect(at('{ "custom": { "x": { | } } }')?.labels).toEqual([])
    expect(at('{ "name": "x" | }')).toBeUndefined()
    expect(at('{ "name": "x"| }')).toBeUndefined()
    expect(schemasAt(schema, ['cases', 0, 'nonsense', 'x'])).toEqual([])
  })
})
