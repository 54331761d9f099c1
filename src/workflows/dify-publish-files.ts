import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { Published, PublishRequest } from './dify-publish-types.ts'

/**
 * Writes the description of each variant into a folder, for a person to import. Throws `plan_invalid`, with what to do for
 * each, while a variant has neither version nor key; `artifact_failed` where a file cannot be written.
 */
export async function publishFiles({ workflow, variants, folder }: PublishRequest): Promise<Published> {
  if (folder === undefined) throw new GreenloopError('plan_invalid', 'publishing by files wants a folder')
  const written: { readonly id: string; readonly path: string; readonly known: boolean }[] = []
  try {
    await mkdir(folder, { recursive: true })
    for (const { id, dsl, version, apiKey } of variants) {
      const path = join(folder, `${safeName(workflow.id)}-${safeName(id)}.yml`)
      await writeFile(path, dsl)
      written.push({ id, path, known: version !== undefined || apiKey !== undefined })
    }
  } catch (cause) {
    throw new GreenloopError('artifact_failed', `the descriptions cannot be written into ${folder}`, { cause })
  }
  const open = written.filter(({ known }) => !known)
  if (open.length > 0) {
    throw new GreenloopError(
      'plan_invalid',
      `${open.length} variants of ${workflow.id} wait for somebody to import them`,
      {
        help: `import each file in Dify, publish it, and write into the variant \`versions: {${workflow.id}: WORKFLOW_ID}\` for a version of one app, or \`keys: {${workflow.id}: "\${NAME}"}\` for an app of its own`,
        problems: open.map(({ id, path }) => ({ message: `variant ${id}: import ${path}` })),
      },
    )
  }
  const versions = Object.fromEntries(variants.map(({ id, version, apiKey }) => [id, { version, apiKey }]))
  return { versions, warnings: [], cleanup: () => Promise.resolve([]) }
}

function safeName(id: string): string {
  return id.replaceAll(/[^\p{L}\p{N}._-]+/gu, '_')
}
