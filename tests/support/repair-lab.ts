import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { openCiRunner } from '../../src/app/repair-local.ts'
import { repair } from '../../src/app/repair.ts'
import type { RepairEvent, RepairResult } from '../../src/domain/repair.ts'
import { startDevGitLab } from '../../src/forges/dev-gitlab.ts'
import type { DevGitLab } from '../../src/forges/dev-gitlab.ts'
import { collectFolder } from '../../src/forges/git-folder.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { random } from '../../src/lib/random.ts'
import { startDevModel } from '../../src/llm/dev-model.ts'

const root = join(import.meta.dirname, '..', '..')
const casesFolder = join(root, 'tests', 'fixtures', 'repair')

/** What a case of `tests/fixtures/repair` says of itself. */
export interface RepairCase {
  readonly name: string
  readonly title: string
  readonly language: string
  readonly fault: string
  readonly removed?: readonly string[]
  readonly allow?: readonly string[]
  readonly options?: Readonly<Record<string, unknown>>
  /** Further keys of the configuration. */
  readonly config?: string
  readonly scenarios: readonly RepairScenario[]
}

/** Replies of a model, and what has to come of them. */
export interface RepairScenario {
  readonly name: string
  readonly replies: readonly { readonly file: string }[]
  readonly rounds?: number
  readonly end: string
  readonly findings?: readonly string[]
  readonly maxPushes?: number
}

/** What came of a scenario, seen from the host. */
export interface RepairOutcome {
  readonly result: RepairResult
  readonly wallMs: number
  /** Time in which pipelines of its branch ran. */
  readonly pipelineMs: number
  readonly mergeRequests: readonly { readonly title: string; readonly description: string; readonly state: string }[]
  readonly notes: readonly string[]
  /** Pipelines of our branch by their commit. */
  readonly pipelinesBySha: Readonly<Record<string, number>>
  /** Patches that were pushed. */
  readonly pushes: number
  /** Files that differ between the fault and the end of our branch. */
  readonly changed: readonly string[]
  /** Everything that was left behind as text, for searching. */
  readonly events: readonly RepairEvent[]
  readonly folder: string
}

/** A GitLab with the cases, on which scenarios run side by side. */
export interface RepairLab {
  readonly server: DevGitLab
  readonly token: string
  readonly folder: string
  run(found: RepairCase, scenario: RepairScenario, more?: LabOptions): Promise<RepairOutcome>
  api(path: string, body?: unknown): Promise<unknown>
  [Symbol.asyncDispose](): Promise<void>
}

/** What a test changes about a run. */
export interface LabOptions {
  /** Lines that stand behind the configuration. */
  readonly config?: string
  readonly signal?: AbortSignal
}

/** All cases, by name. */
export async function repairCases(): Promise<readonly RepairCase[]> {
  const names = (await readdir(casesFolder, { withFileTypes: true })).filter((entry) => entry.isDirectory())
  return Promise.all(
    names.map(async ({ name }) => ({
      ...(JSON.parse(await readFile(join(casesFolder, name, 'case.json'), 'utf8')) as Omit<RepairCase, 'name'>),
      name,
    })),
  )
}

/** Environment in which jobs find the pytest of this project. */
export const labEnv = {
  PATH: [join(root, '.venv', 'bin'), join(root, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter),
  HOME: process.env['HOME'] ?? '/root',
  NO_COLOR: '1',
}

/** Starts a lab in a folder of its own. */
export async function openLab(
  options: { readonly concurrentJobs?: number; readonly sandbox?: 'best_effort' | 'off' } = {},
): Promise<RepairLab> {
  const { concurrentJobs = 2, sandbox = 'best_effort' } = options
  const folder = await mkdtemp(join(tmpdir(), 'greenloop-lab-'))
  const token = `glpat-lab${Math.random().toString(36).slice(2)}canary`
  const where = { cwd: folder, env: labEnv, signal: new AbortController().signal }
  const runner = await openCiRunner({ sandbox, network: false }, where)
  const server = await startDevGitLab({
    folder: join(folder, 'gitlab'),
    token,
    runner,
    clock: systemClock,
    random,
    concurrentJobs,
  })
  const api = async (path: string, body?: unknown): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) }
    const response = await fetch(`${server.url}${path}`, init)
    return response.json()
  }
  const lab = { server, token, folder, api }
  return {
    ...lab,
    run: (found, scenario, more = {}) => runScenario(lab, { found, scenario }, more),
    [Symbol.asyncDispose]: async () => {
      await server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Commits of a case, for a project that has them. */
export async function historyOf({ name, removed = [] }: RepairCase) {
  const folder = join(casesFolder, name)
  const steps = (await readdir(folder)).filter((entry) => /^\d+-/.test(entry)).sort()
  const commits = await Promise.all(
    steps.map(async (step) => {
      const { files } = await collectFolder(join(folder, step))
      const texts = files.map(({ path, content }): [string, string | undefined] => [path, text(content)])
      return { message: step.replace(/^\d+-/, '').replaceAll('-', ' '), files: new Map(texts) }
    }),
  )
  const last = commits.at(-1)
  for (const path of removed) last?.files.set(path, undefined)
  return commits
}

function text(content: string | Uint8Array | undefined): string | undefined {
  return content === undefined || typeof content === 'string' ? content : Buffer.from(content).toString('utf8')
}

type Bare = Pick<RepairLab, 'server' | 'token' | 'folder' | 'api'>

async function runScenario(
  lab: Bare,
  { found, scenario }: { readonly found: RepairCase; readonly scenario: RepairScenario },
  more: LabOptions,
): Promise<RepairOutcome> {
  const path = `cases/${found.name}-${scenario.name}`.replaceAll(/[^A-Za-z0-9/_.-]/g, '-')
  const { id } = await lab.server.addProject({ path, history: await historyOf(found), withPipelines: true })
  if (found.options !== undefined) await lab.api(`/_dev/projects/${id}/options`, found.options)
  await settled(lab, id)
  const folder = join(lab.folder, 'runs', path)
  await mkdir(folder, { recursive: true })
  const replies = await Promise.all(
    scenario.replies.map(async ({ file }) => ({ text: await readFile(join(casesFolder, found.name, file), 'utf8') })),
  )
  await writeFile(join(folder, 'replies.json'), JSON.stringify({ replies, repeat: true }))
  await using model = await startDevModel({ script: join(folder, 'replies.json'), clock: systemClock })
  await writeFile(
    join(folder, 'config.yaml'),
    configText({ path, url: lab.server.url, model: model.url, found, scenario }) + (more.config ?? ''),
  )
  const events: RepairEvent[] = []
  const env = { ...labEnv, GITLAB_TOKEN: lab.token }
  const begun = performance.now()
  const around = { cwd: folder, env, signal: more.signal ?? new AbortController().signal }
  const result = await repair({ config: 'config.yaml' }, { onEvent: (event) => events.push(event) }, around)
  const wallMs = performance.now() - begun
  return { result, wallMs, events, folder, ...(await seen(lab, id, result)) }
}

/** Waits until the pipelines of the first commits are over. */
async function settled({ api }: Bare, id: number): Promise<void> {
  for (let look = 0; look < 1200; look++) {
    const pipelines = (await api(`/api/v4/projects/${id}/pipelines`)) as { status: string }[]
    if (pipelines.every(({ status }) => !['created', 'pending', 'running', 'preparing'].includes(status))) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('the first pipelines did not end')
}

interface ConfigParts {
  readonly path: string
  readonly url: string
  readonly model: string
  readonly found: RepairCase
  readonly scenario: RepairScenario
}

function configText({ path, url, model, found, scenario }: ConfigParts): string {
  return `project: { path: ${path} }
paths: { git_work_dir: git }
services: { gitlab_url: "${url}", llm_url: "${model}", llm_model: scripted }
authentication: { gitlab_private_token: "\${GITLAB_TOKEN}" }
retry_config: { retry_interval_time: 0.2, retry_max_time: 4, debug_max_time: ${scenario.rounds ?? 3}, total_timeout: 300 }
polling: { first_seconds: 0.1, longest_seconds: 0.25, appear_seconds: 5 }
guards: { allow: ${JSON.stringify(found.allow ?? [])} }
${found.config ?? ''}
`
}

interface PipelineJson {
  readonly id: number
  readonly sha: string
  readonly ref: string
  readonly created_at: string
}

async function seen(lab: Bare, id: number, { state }: RepairResult) {
  const at = `/api/v4/projects/${id}`
  const requests = (await lab.api(`${at}/merge_requests?state=all&per_page=100`)) as {
    iid: number
    title: string
    description: string
    state: string
  }[]
  const notes = await Promise.all(
    requests.map(
      async ({ iid }) =>
        (await lab.api(`${at}/merge_requests/${iid}/notes?per_page=100`)) as { body: string; system: boolean }[],
    ),
  )
  const pipelines = ((await lab.api(`${at}/pipelines?per_page=100`)) as PipelineJson[]).filter(
    ({ ref }) => ref === state.branch,
  )
  const details = await Promise.all(
    pipelines.map(
      async (pipeline) => (await lab.api(`${at}/pipelines/${pipeline.id}`)) as { finished_at: string | null },
    ),
  )
  const spans = pipelines.map(
    ({ created_at }, index) => Date.parse(details[index]?.finished_at ?? created_at) - Date.parse(created_at),
  )
  const pipelinesBySha: Record<string, number> = {}
  for (const { sha } of pipelines) pipelinesBySha[sha] = (pipelinesBySha[sha] ?? 0) + 1
  const compared = await Promise.all(
    requests.map(
      async ({ iid }) =>
        ((await lab.api(`${at}/merge_requests/${iid}/changes`)) as { changes: { new_path: string }[] }).changes,
    ),
  )
  return {
    mergeRequests: requests,
    notes: notes
      .flat()
      .filter(({ system }) => !system)
      .map(({ body }) => body),
    pipelineMs: spans.reduce((sum, span) => sum + span, 0),
    pipelinesBySha,
    // The first push brings no patch.
    pushes: Object.keys(pipelinesBySha).length - 1,
    changed: compared.flat().map(({ new_path }) => new_path),
  }
}
