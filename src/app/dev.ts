import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GreenloopError } from '../domain/errors.ts'
import { collectFolder } from '../forges/git-folder.ts'
import { startDevGitLab } from '../forges/dev-gitlab.ts'
import type { DevGitLab } from '../forges/dev-gitlab.ts'
import { systemClock } from '../lib/clock.ts'
import { exists } from '../lib/files.ts'
import { random } from '../lib/random.ts'
import { openCiRunner } from './repair-local.ts'
import type { LocalJobs } from './repair-local.ts'
import type { Surroundings } from './surroundings.ts'

/** How the test GitLab is started. */
export interface DevInput extends LocalJobs {
  /** Its state; it goes on where it stood. */
  readonly folder: string
  readonly port: number
  /** Made up and kept in the folder unless given. */
  readonly token?: string | undefined
  /** Folders whose sub-folders become projects: each a plain folder of files, or a history of numbered folders (`1-good`, `2-fault`). */
  readonly projects: readonly string[]
  readonly realism: 'plain' | 'awkward'
}

/** The example that comes with Greenloop: its projects, and replies of a model that mend them. */
const example = fileURLToPath(new URL('../../examples/repair/', import.meta.url))
/** What is served where nothing else is named. */
export const exampleProjects = join(example, 'projects')
/** A script for the model that goes with it. */
export const exampleReplies = join(example, 'replies.json')

/** Starts a test GitLab with its projects. The token lies in the file `token` of its folder. */
export async function startDev(
  input: DevInput,
  log: (line: string) => void,
  where: Surroundings,
): Promise<DevGitLab & { readonly token: string }> {
  const folder = resolve(where.cwd, input.folder)
  await mkdir(folder, { recursive: true })
  const runner = await openCiRunner(input, where)
  const { port, realism } = input
  const token = await keptToken(join(folder, 'token'), input.token)
  const server = await startDevGitLab({ folder, port, token, runner, realism, clock: systemClock, random, log })
  try {
    for (const path of input.projects) await addProjects(server, resolve(where.cwd, path), path)
    return { ...server, token }
  } catch (error) {
    await server.close()
    throw error
  }
}

/** The token of the last time, unless another is given. */
async function keptToken(file: string, given: string | undefined): Promise<string> {
  const kept = (await exists(file)) ? (await readFile(file, 'utf8')).trim() : ''
  const token = given ?? (kept === '' ? `glpat-${randomBytes(15).toString('base64url')}` : kept)
  if (token !== kept) await writeFile(file, `${token}\n`, { mode: 0o600 })
  return token
}

/** Writes a configuration that goes with the example as it is served; gives its path. */
export async function writeExampleConfig(
  { folder, url, model }: { readonly folder: string; readonly url: string; readonly model: string },
  { cwd }: Pick<Surroundings, 'cwd'>,
): Promise<string> {
  const text = `# Goes with the example of \`greenloop dev gitlab\`; written anew each time it is started.
project: { path: demo/basket }
paths: { git_work_dir: git }
services: { gitlab_url: "${url}", llm_url: "${model}", llm_model: scripted }
authentication: { gitlab_private_token_file: token }
polling: { first_seconds: 0.3, longest_seconds: 2 }
`
  await writeFile(resolve(cwd, folder, 'config.yaml'), text)
  return join(folder, 'config.yaml')
}

async function addProjects(server: DevGitLab, folder: string, shown: string): Promise<void> {
  if (!(await exists(folder))) throw new GreenloopError('file_missing', `there is no folder ${shown}`)
  const entries = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory())
  for (const { name } of entries) {
    const steps = await historyOf(join(folder, name))
    await server.addProject({ path: `demo/${name}`, history: steps, withPipelines: true })
  }
}

/** Sub-folders with numbers in front are commits, each laid over the one before; any other folder is one commit. */
async function historyOf(folder: string) {
  const steps = (await readdir(folder))
    .filter((name) => /^\d+-/u.test(name))
    .toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
  if (steps.length === 0) return [{ message: 'First commit', files: await readFiles(folder) }]
  return Promise.all(
    steps.map(async (name) => ({
      message: name.replace(/^\d+-/u, '').replaceAll('-', ' '),
      files: await readFiles(join(folder, name)),
    })),
  )
}

async function readFiles(folder: string): Promise<ReadonlyMap<string, string>> {
  const { files } = await collectFolder(folder)
  return new Map(
    files.map(({ path, content = '' }) => [
      path,
      typeof content === 'string' ? content : Buffer.from(content).toString('utf8'),
    ]),
  )
}
