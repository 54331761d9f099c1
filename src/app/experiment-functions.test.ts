import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkSchema } from '../domain/check.ts'
import type { RunManifest } from '../domain/manifest.ts'
import { refuseMissingFunctions } from './experiment-functions.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-functions-'))
  await writeFile(join(folder, 'good.mjs'), 'export const checks = () => true\nexport const other = 1\n')
  await writeFile(join(folder, 'bad.mjs'), 'export const = 1\n')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const withChecks = (...checks: readonly object[]): RunManifest =>
  ({ baseFolder: folder, cases: [], evaluation: { checks: checks.map((check) => checkSchema.parse(check)) } }) as never

test('functions that are there are taken', async () => {
  await refuseMissingFunctions([withChecks({ type: 'function', file: 'good.mjs', export: 'checks' })])
})

test('everything that is missing is told at once', async () => {
  const manifest = withChecks(
    { type: 'function', file: 'good.mjs' },
    { type: 'function', file: 'bad.mjs' },
    { type: 'contains', value: 'x' },
  )
  const error = await refuseMissingFunctions([manifest, manifest]).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({
    code: 'plan_invalid',
    problems: [
      { message: expect.stringContaining('exports no function `check`') as string, help: 'did you mean `checks`?' },
      { message: expect.stringContaining('cannot be loaded') as string },
    ],
  })
})
