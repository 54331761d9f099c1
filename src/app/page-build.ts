import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { runProcess } from '../lib/process.ts'
import type { Surroundings } from './surroundings.ts'

const buildMs = 180_000

/**
 * Folder of the built page: beside the compiled program, or in a checkout `dist/web`. Where a checkout has never built it, it is built
 * now, which takes some seconds. `undefined` where there is none and none can be made; `onStep` is told why.
 */
export async function pageFolder(where: Pick<Surroundings, 'env' | 'signal' | 'onStep'>): Promise<string | undefined> {
  const rooms = dirname(dirname(fileURLToPath(import.meta.url)))
  const checkout = dirname(rooms)
  const there = [join(rooms, 'web'), join(checkout, 'dist', 'web')].find(isWhole)
  if (there !== undefined) return there
  const script = join(checkout, 'scripts', 'build-web.mjs')
  const canBuild = existsSync(script) && existsSync(join(checkout, 'node_modules', 'vite'))
  const complaint = canBuild ? await build(script, { checkout, where }) : 'it was not built'
  const built = join(checkout, 'dist', 'web')
  if (isWhole(built)) return built
  where.onStep?.(`page_missing: there is the API alone, without the web page: ${complaint} (npm run build:web)`)
  return undefined
}

/** Builds the page; gives what went wrong. */
async function build(
  script: string,
  { checkout, where }: { readonly checkout: string; readonly where: Pick<Surroundings, 'env' | 'signal' | 'onStep'> },
): Promise<string> {
  where.onStep?.('building the web page, this once')
  const { PATH = '', HOME = '' } = where.env
  const { stderr, exitCode } = await runProcess(
    { argv: [execPath, script], cwd: checkout, env: { PATH, HOME } },
    { outputCapBytes: 20_000, signal: where.signal, timeoutMs: buildMs },
  )
  return exitCode === 0 ? 'the build left none' : `its build failed: ${stderr.text.trim().slice(-500)}`
}

/** The compiler of the page puts this file in last. */
function isWhole(folder: string): boolean {
  return existsSync(join(folder, 'index.html')) && existsSync(join(folder, 'assets'))
}
