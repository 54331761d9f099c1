import { stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import type { Problem } from '../domain/errors.ts'
import type { ExecutionRequest } from '../domain/execution-request.ts'
import { exists } from '../lib/files.ts'

/** Files that stand in the uppermost folder of a project. */
const rootMarks = ['pyproject.toml', 'pytest.ini', 'tox.ini', 'setup.cfg', 'setup.py', 'package.json', '.git']

/** A request whose tests lie in its working folder, and what had to be changed for it. */
export interface Settled {
  readonly request: ExecutionRequest
  readonly warnings: readonly Problem[]
}

/**
 * Takes the project around tests that lie outside the working folder for the working folder: only what lies in it is
 * copied, imported and named as the framework names it. `cwd` of the request is absolute.
 */
export async function settleFolder(request: ExecutionRequest): Promise<Settled> {
  const { cwd, tests } = request
  const parts = tests.map((test) => splitId(test))
  const paths = parts.map(([file]) => resolve(cwd, file))
  const isOutside = paths.some((path) => !isWithin(path, cwd))
  if (!isOutside || !(await Promise.all(paths.map((path) => exists(path)))).every(Boolean)) {
    return { request, warnings: [] }
  }
  const folders = await Promise.all(
    paths.map(async (path) => ((await stat(path)).isDirectory() ? path : dirname(path))),
  )
  const root = await projectAround(folders.reduce(commonFolder))
  if (dirname(root) === root) return { request, warnings: [] }
  const moved = parts.map(([, rest], index) => `${relative(root, paths[index] ?? root) || '.'}${rest}`)
  const message = `the tests lie outside \`${cwd}\`, so \`${root}\` is taken as their working folder`
  const help = `start in ${root}, or name it as \`cwd\` of a request`
  return { request: { ...request, cwd: root, tests: moved }, warnings: [{ message, help }] }
}

/** A test as its path and the rest of its id. */
function splitId(test: string): readonly [path: string, rest: string] {
  const path = test.split(/::| > /, 1)[0] ?? test
  return [path, test.slice(path.length)]
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return !isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`)
}

function commonFolder(a: string, b: string): string {
  let folder = a
  while (!isWithin(b, folder)) folder = dirname(folder)
  return folder
}

/** The nearest folder that looks like the top of a project, or the folder itself. */
async function projectAround(folder: string): Promise<string> {
  for (let at = folder; dirname(at) !== at; at = dirname(at)) {
    const found = await Promise.all(rootMarks.map((name) => exists(join(at, name))))
    if (found.some(Boolean)) return at
  }
  return folder
}
