import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { GreenloopError } from '../domain/errors.ts'
import type { Problem } from '../domain/errors.ts'
import type { RunManifest } from '../domain/manifest.ts'
import { nearest } from '../lib/nearest.ts'

/**
 * Loads the functions that checks name, before any call is paid for. Throws `plan_invalid` with every file that cannot be
 * loaded and every function that is not there.
 */
export async function refuseMissingFunctions(manifests: readonly RunManifest[]): Promise<void> {
  const wanted = new Map<string, { readonly path: string; readonly name: string }>()
  for (const { evaluation, cases, baseFolder = '.' } of manifests) {
    const ofCases = cases.flatMap((spec) => [...spec.checks, ...(spec.turns ?? []).flatMap(({ checks }) => checks)])
    for (const check of [...evaluation.checks, ...ofCases]) {
      if (check.type !== 'function') continue
      const path = resolve(baseFolder, check.file)
      wanted.set(`${path}\0${check.export}`, { path, name: check.export })
    }
  }
  const problems = (await Promise.all([...wanted.values()].map(problemOf))).flat()
  const [first] = problems
  if (first === undefined) return
  const message = problems.length === 1 ? first.message : `${problems.length} functions of checks cannot be used`
  throw new GreenloopError('plan_invalid', message, {
    problems,
    ...(first.help === undefined ? {} : { help: first.help }),
  })
}

async function problemOf({ path, name }: { readonly path: string; readonly name: string }): Promise<Problem[]> {
  try {
    const loaded = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>
    if (typeof loaded[name] === 'function') return []
    const functions = Object.keys(loaded).filter((key) => typeof loaded[key] === 'function')
    const near = nearest(name, functions)
    const listed = functions.length === 0 ? 'it exports no function' : `it exports ${functions.join(', ')}`
    return [
      {
        message: `\`${path}\` exports no function \`${name}\``,
        help: near === undefined ? `${listed}; \`export\` of the check names another` : `did you mean \`${near}\`?`,
      },
    ]
  } catch (error) {
    return [{ message: `\`${path}\` cannot be loaded: ${error instanceof Error ? error.message : String(error)}` }]
  }
}
