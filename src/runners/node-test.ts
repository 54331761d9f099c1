import { access, stat } from 'node:fs/promises'
import { basename, delimiter, dirname, isAbsolute, join, resolve } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { Launch, Runner, RunnerInfo, RunnerJob, RunnerPlace } from '../domain/ports.ts'
import { runProcess } from '../lib/process.ts'
import { pluginsFolder, writeJobFile } from './job-file.ts'

/** Runs tests with Node's own runner, each file in a process of its own; see `plugins/node-launcher.mjs`. */
export function createNodeRunner(): Runner {
  const known = new Map<string, RunnerInfo>()
  return {
    framework: 'node',
    probe: async (place, signal) => {
      const executable = await nodeOf(place)
      const { mtimeMs } = await stat(executable)
      const key = `${executable} ${mtimeMs}`
      const info = known.get(key) ?? nodeInfo(executable, await versionOf(executable, place, signal))
      known.set(key, info)
      return info
    },
    launch,
  }
}

async function launch(job: RunnerJob, info: RunnerInfo): Promise<Launch> {
  return {
    channelFd: 3,
    readOnlyPaths: info.readOnlyPaths,
    command: {
      argv: [info.executable, join(pluginsFolder, 'node-launcher.mjs')],
      cwd: job.cwd,
      env: await writeJobFile(job, { nodeArgs: job.args }),
    },
  }
}

/** The node that was named, or the one that runs Greenloop. */
async function nodeOf(place: RunnerPlace): Promise<string> {
  if (place.executable === undefined) return process.execPath
  const folders = place.executable.includes('/')
    ? ['']
    : (place.env['PATH'] ?? '').split(delimiter).filter((entry) => isAbsolute(entry))
  for (const folder of folders) {
    const path = resolve(place.cwd, folder, place.executable)
    if (await exists(path)) return path
  }
  throw missing(`${place.executable} does not exist`)
}

async function versionOf(executable: string, place: RunnerPlace, signal: AbortSignal): Promise<string> {
  if (executable === process.execPath) return process.versions.node
  const end = await runProcess(
    { argv: [executable, '--version'], cwd: place.cwd, env: place.env },
    { outputCapBytes: 4096, signal, timeoutMs: 20_000 },
  )
  signal.throwIfAborted()
  const version = /^v(\d+\.\d+\.\d+)/.exec(end.stdout.text)?.[1]
  if (version === undefined)
    throw missing(`${executable} is no node: ${end.stderr.text.trim() || 'no version printed'}`)
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < 22 || (major === 22 && minor < 18))
    throw missing(`${executable} is Node ${version}; 22.18 or newer is needed`)
  return version
}

function nodeInfo(executable: string, version: string): RunnerInfo {
  const folder = dirname(executable)
  return {
    framework: 'node',
    version,
    executable,
    interpreter: `Node.js ${version}`,
    plugins: {},
    readOnlyPaths: [basename(folder) === 'bin' ? dirname(folder) : folder, pluginsFolder],
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

function missing(why: string): GreenloopError {
  return new GreenloopError('framework_missing', 'a node that can run the tests was not found', {
    why,
    help: 'install Node 22.18 or newer, or name one with --runner-path',
  })
}
