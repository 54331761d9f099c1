import { accessSync, constants } from 'node:fs'
import { lstat, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { delimiter, dirname, isAbsolute, join, relative } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { Sandbox, SandboxPolicy } from '../domain/ports.ts'
import { markerName, reap } from '../lib/process-tree.ts'
import { runProcess } from '../lib/process.ts'
import type { ProcessEnd, ProcessOptions } from '../lib/process.ts'
import type { CiContext } from './ci.ts'
import { installedAround } from './ci-installed.ts'
import type { Scratch } from './ci-scratch.ts'

/** Where jobs run and with what. */
export interface CiPlace {
  readonly env: Readonly<Record<string, string>>
  readonly sandbox?: { readonly sandbox: Sandbox; readonly policy: (folder: string) => SandboxPolicy } | undefined
}

/** Folder of gitlab-ci-local's own files, in the working copy. */
export const stateDir = '.greenloop-ci'

const program = createRequire(import.meta.url).resolve('gitlab-ci-local')
/** Settings of gitlab-ci-local that a repository may bring; a GitLab knows nothing of them. */
const foreignSettings = ['.gitlab-ci-local.yml', '.gitlab-ci-local-env']
const tools = ['bash', 'git', 'rsync']

/** Folders outside the working copy that jobs must be able to read: node, gitlab-ci-local, and the programs of the PATH with what they need. */
export function ciReadOnlyPaths(env: Readonly<Record<string, string>>): readonly string[] {
  const home = env['HOME'] ?? homedir()
  const folders = pathFolders(env)
    .filter((folder) => isAbsolute(folder))
    .flatMap((folder) => installedAround(folder, home))
  return [...new Set([process.execPath, dirname(dirname(program)), ...folders])]
}

/** Throws `ci_failed` where a program is missing that gitlab-ci-local needs. */
export function requireTools(env: Readonly<Record<string, string>>): void {
  const missing = tools.find((tool) => !pathFolders(env).some((folder) => isProgram(join(folder, tool))))
  if (missing === undefined) return
  throw new GreenloopError('ci_failed', `${missing} is not installed, and jobs cannot run without it`, {
    help: `apt-get install ${missing}`,
  })
}

function pathFolders(env: Readonly<Record<string, string>>): string[] {
  return (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Makes a working copy ready for gitlab-ci-local, and hands it to the box that its jobs run in. */
export async function prepareFolder(folder: string, place: CiPlace): Promise<void> {
  await Promise.all(foreignSettings.map((name) => rm(join(folder, name), { recursive: true, force: true })))
  const state = await lstat(join(folder, stateDir)).catch(() => undefined)
  if (state !== undefined && !state.isDirectory()) await rm(join(folder, stateDir), { force: true })
  await place.sandbox?.sandbox.prepare(folder)
}

/** What one process of gitlab-ci-local is to do. */
export interface CiCall extends CiContext {
  readonly scratch: Scratch
  /** Arguments that say what is done. */
  readonly argv: readonly string[]
  /** Folder of its own files, where that is not {@link stateDir}. */
  readonly state?: string
  /** Environment beyond that of the place. */
  readonly env?: Readonly<Record<string, string>>
}

/** Runs gitlab-ci-local to its end; of what it started nothing is left then. */
export async function runCi(call: CiCall, place: CiPlace, options: ProcessOptions): Promise<ProcessEnd> {
  const { marker, folder: scratch } = call.scratch
  const env = { ...withoutOptions(place.env), ...call.env, ...variablesOf(call.variables) }
  const command = { argv: argvOf(call), cwd: call.folder, env }
  if (place.sandbox === undefined) {
    try {
      return await runProcess({ ...command, env: { ...env, [markerName]: marker } }, options)
    } finally {
      await reap(marker)
    }
  }
  const policy = place.sandbox.policy(call.folder)
  const readOnly = [...policy.readOnly, ...ciReadOnlyPaths(place.env), scratch]
  const boxed = await place.sandbox.sandbox.box(command, { ...policy, readOnly })
  try {
    return await runProcess(boxed.command, options)
  } finally {
    await boxed.release()
  }
}

function argvOf({ folder, file, variables, scratch: { folder: scratch }, argv, state = stateDir }: CiCall): string[] {
  const own = ['--force-shell-executor', '--shell-isolation', '--no-color', '--no-artifacts-to-source']
  const places = { 'state-dir': state, home: scratch, 'variables-file': join(scratch, 'no-variables') }
  const more = { 'inputs-file': join(scratch, 'no-inputs'), 'ignores-file': join(scratch, 'no-ignores') }
  const options = {
    ...places,
    ...more,
    file: isAbsolute(file) ? relative(folder, file) : file,
    'max-job-name-padding': '0',
    'ignore-predefined-vars': Object.keys(variables).join(','),
  }
  const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  return [process.execPath, program, ...own, ...flags, ...argv]
}

/** Variables by the prefix `GCL_` are options of gitlab-ci-local, so none may come in from elsewhere. */
function withoutOptions(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('GCL_')))
}

/** Variables of the job go by the environment, where no list of processes shows them; `$` stands for itself. */
function variablesOf(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables)
      .filter(([name]) => /^[A-Za-z_]\w*$/.test(name))
      .map(([name, value]) => [`GCL_VARIABLE_${name}`, value.replaceAll('$', '$$$$')]),
  )
}
