import { Ajv2020 } from 'ajv/dist/2020.js'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { buildManifestFile } from '../app/experiment-plan.ts'

const root = join(import.meta.dirname, '..', '..')
const examples = join(root, 'examples', 'experiments')

/** What an editor that follows the published schema would mark in a text. */
async function marked(schema: string, text: string): Promise<string[]> {
  const published: unknown = JSON.parse(await readFile(join(root, 'docs', 'schemas', `${schema}.schema.json`), 'utf8'))
  const ajv = new Ajv2020({ allErrors: true, strict: false })
  const validate = ajv.compile(published as Readonly<Record<string, unknown>>)
  if (validate(parse(text))) return []
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

describe('files that follow the published schemas', () => {
  for (const name of ['test_plan', 'workflows', 'env']) {
    it(`examples/experiments/${name}.yaml is not marked by an editor`, async () => {
      expect(await marked(name, await readFile(join(examples, `${name}.yaml`), 'utf8'))).toEqual([])
    })
  }

  it('a manifest file is not marked by an editor, whether it holds several manifests or one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'greenloop-schemas-'))
    try {
      const where = { cwd: folder, env: {}, flags: {}, signal: new AbortController().signal }
      const out = { out: 'run_manifest.yaml', overrides: {} }
      const { file } = await buildManifestFile(join(examples, 'test_plan.yaml'), out, where)
      const text = await readFile(file, 'utf8')
      expect(await marked('run_manifest', text)).toEqual([])
      const { manifests } = parse(text) as { readonly manifests: readonly unknown[] }
      expect(await marked('run_manifest', JSON.stringify(manifests[0]))).toEqual([])
      expect(await marked('run_manifest', '{ "id": "a/b", "typo": 1 }')).toContain(
        ' must NOT have additional properties',
      )
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('an editor marks what the program refuses', async () => {
    expect(await marked('test_plan', 'workflows: [7]\nmode: pairwize')).not.toEqual([])
    expect(await marked('workflows', 'workflows: [{ id: a, target: htp }]')).not.toEqual([])
    expect(await marked('env', 'servers: { default: { base_ur: x } }')).not.toEqual([])
  })
})
