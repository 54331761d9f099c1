import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { generatedFiles } from './generated-files.ts'

describe('files made from the sources', () => {
  for (const [path, text] of Object.entries(generatedFiles())) {
    it(`${path} is up to date (else run scripts/write-schemas.ts)`, async () => {
      expect(await readFile(join(import.meta.dirname, '..', path), 'utf8')).toBe(text)
    })
  }

  it('come out the same each time', () => {
    expect(generatedFiles()).toEqual(generatedFiles())
  })

  it('hold draft 2020-12 schemas that close their objects', () => {
    const suite: unknown = JSON.parse(generatedFiles()['docs/schemas/suite.schema.json'] ?? '')
    expect(suite).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      required: ['name', 'target'],
      additionalProperties: false,
    })
  })
})
