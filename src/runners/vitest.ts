import { existsSync } from 'node:fs'
import { readFile, realpath, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { GreenloopError } from '../domain/errors.ts'
import type { Launch, Runner, RunnerInfo, RunnerJob, RunnerPlace } from '../domain/ports.ts'
import { filesOfIds, packageRoot, pluginsFolder, writeJobFile } from './job-file.ts'

const packageSchema = z.object({ version: z.string() })

/** Runs tests with vitest 3 or newer: the project's own, or Greenloop's where the project has none. */
export function createVitestRunner(): Runner {
  return { framework: 'vitest', probe, launch }
}

async function probe(place: RunnerPlace, signal: AbortSignal): Promise<RunnerInfo> {
  signal.throwIfAborted()
  const folders =
    place.executable === undefined
      ? [...upFrom(place.cwd), packageRoot]
      : [...upFrom(resolve(place.cwd, dirname(place.executable)))]
  for (const folder of folders) {
    const found = join(folder, 'node_modules', 'vitest')
    const version = await versionIn(found)
    if (version === undefined) continue
    if (Number.parseInt(version, 10) < 3) throw missing(`${found} is vitest ${version}; 3 or newer is needed`)
    const coverage = await versionIn(join(folder, 'node_modules', '@vitest', 'coverage-v8'))
    return {
      framework: 'vitest',
      version,
      executable: process.execPath,
      root: found,
      interpreter: `Node.js ${process.versions.node}`,
      plugins: coverage === undefined ? {} : { coverage },
      readOnlyPaths: [
        ...[join(folder, 'node_modules'), await storeOf(found)],
        ...[dirname(dirname(process.execPath)), pluginsFolder],
      ],
    }
  }
  throw missing(`looked for node_modules/vitest in ${folders.join(', ')}`)
}

/** The uppermost `node_modules` that a package really lies in: monorepos and pnpm link to one outside the project. */
async function storeOf(folder: string): Promise<string> {
  return /^.*?[/\\]node_modules(?=[/\\]|$)/.exec(await realpath(folder))?.[0] ?? folder
}

async function launch(job: RunnerJob, info: RunnerInfo): Promise<Launch> {
  const root = info.root ?? join(packageRoot, 'node_modules', 'vitest')
  await writeFile(join(job.scratchDir, 'vitest-setup.mjs'), setupSource(root, job.scratchDir))
  return {
    channelFd: 3,
    readOnlyPaths: info.readOnlyPaths,
    command: {
      argv: [
        ...[
          info.executable,
          `--import=${pathToFileURL(join(pluginsFolder, 'vitest-preload.mjs')).href}`,
          join(root, 'vitest.mjs'),
          'run',
          '--no-color',
          '--includeTaskLocation',
          '--passWithNoTests',
        ],
        ...['--reporter=default', `--reporter=${join(pluginsFolder, 'vitest-reporter.mjs')}`],
        ...[`--testTimeout=${job.testTimeoutMs}`, `--hookTimeout=${job.testTimeoutMs}`, `--maxWorkers=${job.workers}`],
        ...(await configArguments(job, root)),
        ...coverageArguments(job, info),
        ...shardArguments(job),
        ...job.args,
        ...fileArguments(job),
      ],
      cwd: job.cwd,
      env: await writeJobFile(job),
    },
  }
}

/** Notes each beginning in a file at once, because what a worker tells vitest comes in batches. */
function setupSource(root: string, scratchDir: string): string {
  return `import { appendFileSync } from 'node:fs'
import { beforeEach } from ${JSON.stringify(join(root, 'dist', 'index.js'))}
const now = Date.now
const path = ${JSON.stringify(join(scratchDir, 'vitest-starts'))}
beforeEach(({ task }) => appendFileSync(path, task.id + ' ' + now() + '\\n'))
`
}

/** A project without vitest gets a configuration around its own one that leads both to Greenloop's vitest. */
async function configArguments(job: RunnerJob, root: string): Promise<string[]> {
  if (upFrom(job.cwd).some((folder) => join(folder, 'node_modules', 'vitest') === root)) return []
  const path = join(job.scratchDir, 'vitest.config.mjs')
  const own = configNames.map((name) => join(job.cwd, name)).find((file) => existsSync(file))
  await writeFile(path, configSource(job, root, own))
  return [`--config=${path}`]
}

const configNames = ['vitest', 'vite'].flatMap((name) =>
  ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'].map((ending) => `${name}.config.${ending}`),
)

function configSource(job: RunnerJob, root: string, own: string | undefined): string {
  const vitest = JSON.stringify(join(root, 'dist', 'index.js'))
  return `import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
const parentURL = ${JSON.stringify(pathToFileURL(join(root, 'package.json')).href)}
registerHooks({
  resolve: (name, context, next) => next(name, /^vite(?:st)?(?:[/]|$)/.test(name) ? { ...context, parentURL } : context),
})
const found = ${own === undefined ? '{}' : `(await import(pathToFileURL(${JSON.stringify(own)}).href)).default`}
const own = await (typeof found === 'function' ? found({ command: 'serve', mode: 'test' }) : found)
const { alias = [] } = own.resolve ?? {}
const theirs = Array.isArray(alias) ? alias : Object.entries(alias).map(([find, replacement]) => ({ find, replacement }))
export default {
  root: ${JSON.stringify(job.cwd)},
  ...own,
  cacheDir: ${JSON.stringify(join(job.scratchDir, 'vite-cache'))},
  resolve: { ...own.resolve, alias: [...theirs, { find: /^vitest$/, replacement: ${vitest} }] },
}
`
}

function coverageArguments(job: RunnerJob, info: RunnerInfo): string[] {
  if (job.coverage === undefined || info.plugins['coverage'] === undefined) return []
  const sources = job.coverage.sources.map((source) => (/\.\w+$/.test(source) ? source : join(source, '**')))
  return [
    ...['--coverage.enabled', '--coverage.provider=v8', '--coverage.reporter=json'],
    `--coverage.reportsDirectory=${join(job.scratchDir, 'coverage')}`,
    ...sources.map((source) => `--coverage.include=${source}`),
  ]
}

function shardArguments(job: RunnerJob): string[] {
  const shard = job.select.kind === 'paths' ? job.select.shard : undefined
  return shard === undefined || shard.of <= 1 ? [] : [`--shard=${shard.index + 1}/${shard.of}`]
}

/** Whole paths, because vitest takes its filters for parts of paths: `a.test.ts` would find `data.test.ts`. */
function fileArguments(job: RunnerJob): string[] {
  const paths = job.select.kind === 'ids' ? filesOfIds(job.select.ids, ' > ') : job.select.paths
  return paths.map((path) => resolve(job.cwd, path)).filter((path) => path !== resolve(job.cwd))
}

/** A folder and those above it, nearest first. */
function upFrom(folder: string): string[] {
  const parent = dirname(folder)
  return parent === folder ? [folder] : [folder, ...upFrom(parent)]
}

async function versionIn(folder: string): Promise<string | undefined> {
  const path = join(folder, 'package.json')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : packageSchema.safeParse(JSON.parse(text)).data?.version
}

function missing(why: string): GreenloopError {
  return new GreenloopError('framework_missing', 'vitest was not found', { why, help: 'npm install -D vitest' })
}
