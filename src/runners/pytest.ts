import { access, open, stat } from 'node:fs/promises'
import { basename, delimiter, dirname, isAbsolute, join, resolve } from 'node:path'
import { z } from 'zod'
import { GreenloopError } from '../domain/errors.ts'
import type { Launch, Runner, RunnerInfo, RunnerJob, RunnerPlace } from '../domain/ports.ts'
import { runProcess } from '../lib/process.ts'
import { openProbeCache, type ProbeCache } from './probe-cache.ts'
import { filesOfIds, packageRoot, pathArguments, pluginsFolder, writeJobFile } from './job-file.ts'

/** Longest list of files that goes through the command line; longer ones go through the job file. */
const maxFileArgumentBytes = 60_000

const probeSchema = z.object({
  version: z.string(),
  executable: z.string(),
  interpreter: z.string(),
  plugins: z.record(z.string(), z.string()),
  folders: z.array(z.string()),
})

/** Runs tests with pytest 7 or newer, watched by the plugin in `plugins/greenloop_pytest.py`. */
export function createPytestRunner(cache: ProbeCache = openProbeCache()): Runner {
  return {
    framework: 'pytest',
    probe: async (place, signal) => {
      const tried: string[] = []
      for (const candidate of await candidates(place)) {
        const key = await identity(candidate, place)
        if (key === undefined) {
          tried.push(`${candidate}: not found`)
          continue
        }
        const known = await cache.recall(key)
        if (known !== undefined) return known
        const info = await inspect(candidate, place, signal)
        if (typeof info !== 'string') {
          await cache.keep(key, info)
          return info
        }
        tried.push(`${candidate}: ${info}`)
      }
      throw missing(tried)
    },
    launch,
  }
}

async function launch(job: RunnerJob, info: RunnerInfo): Promise<Launch> {
  const files = pathArguments(job.select.kind === 'ids' ? filesOfIds(job.select.ids, '::') : job.select.paths)
  const tooMany = files.join(' ').length > maxFileArgumentBytes
  const env = await writeJobFile(job, { ...workersOf(job), ...(tooMany ? { files } : {}) })
  const pythonPath = [pluginsFolder, ...(job.env['PYTHONPATH'] ? [job.env['PYTHONPATH']] : [])].join(delimiter)
  return {
    channelFd: 3,
    readOnlyPaths: [...new Set([...info.readOnlyPaths, ...absolutePaths(job.env['PYTHONPATH'])])],
    command: {
      argv: [
        ...[info.executable, '-m', 'pytest', '-p', 'greenloop_pytest', '--rootdir=.', '--color=no'],
        // Redirected rather than switched off: `--lf` and the `cache` fixture go on working, and the project stays clean.
        ...['-o', `cache_dir=${join(job.scratchDir, 'pytest-cache')}`],
        // One file that cannot be imported must not hide what the others say.
        '--continue-on-collection-errors',
        ...(job.collectOnly ? ['--collect-only', '-q'] : []),
        ...job.args,
        ...(tooMany ? [] : files),
      ],
      cwd: job.cwd,
      // Processes that measure side by side would take each other's data of the project's pytest-cov for their own.
      env: { COVERAGE_FILE: join(job.scratchDir, 'project-coverage'), ...env, PYTHONPATH: pythonPath },
    },
  }
}

/**
 * Workers of xdist, set by the plugin rather than by arguments: the project may have switched xdist off, and then would
 * not know them. `undefined` leaves the choice to the arguments of the user.
 */
function workersOf(job: RunnerJob): { readonly xdistWorkers?: number } {
  if (job.benchmark || job.collectOnly) return { xdistWorkers: 0 }
  if (job.args.some((argument) => /^(?:-n|--numprocesses)/.test(argument))) return {}
  return { xdistWorkers: job.workers > 1 ? job.workers : 0 }
}

/** Where pytest may be, the likeliest first. An executable that was named is the only candidate. */
async function candidates(place: RunnerPlace): Promise<string[]> {
  const { cwd, env } = place
  if (place.executable !== undefined) return [await interpreterOf(place.executable, place)]
  const inVenv = (folder: string): string => join(folder, 'bin', 'python')
  return [
    ...(env['VIRTUAL_ENV'] ? [inVenv(env['VIRTUAL_ENV'])] : []),
    inVenv(join(cwd, '.venv')),
    inVenv(join(cwd, 'venv')),
    inVenv(join(packageRoot, '.venv')),
    ...(await onPath('python3', env)),
    ...(await onPath('python', env)),
  ]
}

/** The python that a named executable stands for: itself, or the one that a `pytest` script runs with. */
async function interpreterOf(executable: string, place: RunnerPlace): Promise<string> {
  const found = executable.includes('/')
    ? resolve(place.cwd, executable)
    : ((await onPath(executable, place.env))[0] ?? executable)
  if (!/^py\.?test/.test(basename(found))) return found
  const shebang = /^#!\s*(\S+)/.exec(await firstBytes(found))?.[1]
  return shebang !== undefined && basename(shebang) !== 'env' ? shebang : join(dirname(found), 'python')
}

async function firstBytes(path: string): Promise<string> {
  if (!(await exists(path))) return ''
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

async function onPath(name: string, env: RunnerPlace['env']): Promise<string[]> {
  const found: string[] = []
  for (const folder of absolutePaths(env['PATH'])) {
    if (await exists(join(folder, name))) found.push(join(folder, name))
  }
  return found
}

function absolutePaths(list: string | undefined): string[] {
  return (list ?? '').split(delimiter).filter((entry) => isAbsolute(entry))
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** Changes when another file stands behind a path or it is asked differently; `undefined` where there is no file. */
function identity(path: string, { env }: RunnerPlace): Promise<string | undefined> {
  return stat(path).then(
    (stats) => JSON.stringify([path, stats.mtimeMs, stats.size, env['PYTHONPATH'] ?? '', env['PYTHONHOME'] ?? '']),
    () => undefined,
  )
}

/** Asks an interpreter about itself; a string says why it will not do. */
async function inspect(python: string, place: RunnerPlace, signal: AbortSignal): Promise<RunnerInfo | string> {
  const end = await runProcess(
    { argv: [python, join(pluginsFolder, 'probe_pytest.py')], cwd: place.cwd, env: place.env },
    { outputCapBytes: 256 * 1024, signal, timeoutMs: 20_000 },
  )
  signal.throwIfAborted()
  if (end.exitCode === 3) return 'has no pytest'
  const parsed = end.exitCode === 0 ? probeSchema.safeParse(parseJson(end.stdout.text)) : undefined
  if (parsed?.success !== true)
    return end.spawnError?.message ?? (end.stderr.text.trim().split('\n').at(-1) || 'broken')
  const { folders, ...found } = parsed.data
  return { ...found, framework: 'pytest', readOnlyPaths: [...folders, pluginsFolder] }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function missing(tried: readonly string[]): GreenloopError {
  return new GreenloopError('framework_missing', 'pytest was not found', {
    why: `tried ${tried.join('; ') || 'nothing: PATH holds no python'}`,
    help: 'python3 -m pip install pytest, or name an interpreter that has it with --runner-path',
  })
}
