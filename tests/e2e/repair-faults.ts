import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { repair } from '../../src/app/repair.ts'
import type { Surroundings } from '../../src/app/surroundings.ts'
import type { RepairEvent, RepairResult } from '../../src/domain/repair.ts'
import { startTestHost } from '../../src/forges/dev-gitlab.fixture.ts'
import type { TestHost } from '../../src/forges/dev-gitlab.fixture.ts'
import type { DevGitLabConfig } from '../../src/forges/dev-gitlab.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { startDevModel } from '../../src/llm/dev-model.ts'

/** A commit as its files; a file without content is removed. */
type Files = Readonly<Record<string, string | undefined>>

/** A fault that the host is told before the run. */
export interface FaultRule {
  readonly match: { readonly method?: string; readonly path: string }
  readonly times?: number
  readonly skip?: number
  readonly fault: Readonly<Record<string, unknown>>
}

/** What a run meets. */
interface Scenario {
  /** Commits of the project; each gets its pipeline. */
  readonly history?: readonly Files[]
  readonly replies?: readonly string[]
  /** Set on the project before the run. */
  readonly options?: Readonly<Record<string, unknown>>
  readonly faults?: readonly FaultRule[]
  /** Lines of the configuration that take the place of those with the same key. */
  readonly config?: Readonly<Record<string, string>>
  /** Further keys of `services`. */
  readonly services?: string
  /** Whether the first commits get pipelines; they do unless set. */
  readonly withPipelines?: boolean
  readonly token?: string
  readonly runId?: string
  readonly onEvent?: (event: RepairEvent, at: At) => void
  /** Last thing before the run. */
  readonly before?: (at: At) => Promise<unknown>
}

/** Where a scenario plays. */
interface At {
  readonly host: TestHost
  readonly id: number
  readonly path: string
  readonly folder: string
}

/** What came of it, seen from the host. */
export interface Played extends At {
  readonly result: RepairResult | undefined
  /** Code of the failure that kept the run from its end. */
  readonly failure: string | undefined
  readonly message: string
  readonly events: readonly RepairEvent[]
  readonly requests: readonly unknown[]
  readonly mergeRequests: readonly { readonly iid: number; readonly title: string; readonly state: string }[]
  readonly notes: readonly string[]
  /** Pipelines of our branch, newest first. */
  readonly pipelines: readonly { readonly id: number; readonly sha: string; readonly source: string }[]
  readonly pushes: number
  readonly branch: string | undefined
  /** Writes the configuration anew, with another model server. */
  configure(model: string): Promise<void>
}

/** A source without the fault. */
export const goodSum = 'export const sum = (a, b) => a + b\n'
/** The fault. */
export const brokenSum = 'export const sum = (a, b) => a - b\n'

/** A job that passes while `app.js` adds. */
export const unit = 'unit:\n  script: "echo looking && grep -q \'a + b\' app.js"\n  tests: true\n'

/** The project that most scenarios need: its only job fails since the last commit. */
const brokenApp: readonly Files[] = [{ '.gitlab-ci.yml': unit, 'app.js': goodSum }, { 'app.js': brokenSum }]

/** The patch that mends it. */
const mended = reply('app.js', brokenSum, goodSum)

/** An answer with one block. */
export function reply(path: string, search: string, replace: string): string {
  return `The cause is plain.\n\n${path}\n<<<<<<< SEARCH\n${search}=======\n${replace}>>>>>>> REPLACE\n`
}

/** Starts a host with jobs that are lines for the shell, or with the runner that is given. */
export function openHost(config: Partial<DevGitLabConfig> = {}): Promise<TestHost> {
  return startTestHost({ concurrentJobs: 3, ...config })
}

let played = 0

/** Plays a scenario on a project of its own. */
export async function play(host: TestHost, scenario: Scenario = {}): Promise<Played> {
  const path = `faults/case-${++played}`
  const history = (scenario.history ?? brokenApp).map((files, index) => ({
    message: `commit ${index + 1}`,
    files: new Map(Object.entries(files)),
  }))
  const { id } = await host.addProject({ path, history, withPipelines: scenario.withPipelines !== false })
  await host.until(
    async () => (await host.call('GET', `/api/v4/projects/${id}/pipelines`)).body as unknown as { status: string }[],
    (all) => all.every(({ status }) => !['created', 'pending', 'running', 'preparing'].includes(status)),
  )
  if (scenario.options !== undefined) await host.call('POST', `/_dev/projects/${id}/options`, scenario.options)
  const folder = join(host.folder, 'runs', path)
  await mkdir(folder, { recursive: true })
  const at: At = { host, id, path, folder }
  await scenario.before?.(at)
  await host.call('POST', '/_dev/faults', { rules: scenario.faults ?? [] })
  const replies = (scenario.replies ?? [mended]).map((text) => ({ text }))
  await writeFile(join(folder, 'replies.json'), JSON.stringify({ replies, repeat: true }))
  await using model = await startDevModel({ script: join(folder, 'replies.json'), clock: systemClock })
  const configure = (url: string) => writeFile(join(folder, 'config.yaml'), configText(at, url, scenario))
  await configure(model.url)
  const events: RepairEvent[] = []
  const ended = await ending(at, scenario, (event) => {
    events.push(event)
    scenario.onEvent?.(event, at)
  })
  await host.call('POST', '/_dev/faults', { rules: [] })
  return { ...at, ...ended, events, requests: model.requests, configure, ...(await seen(at, events)) }
}

async function ending(at: At, scenario: Scenario, onEvent: (event: RepairEvent) => void) {
  const around = surroundings(at, scenario.token)
  try {
    const input = { config: 'config.yaml', ...(scenario.runId === undefined ? {} : { runId: scenario.runId }) }
    return { result: await repair(input, { onEvent }, around), failure: undefined, message: '' }
  } catch (error) {
    const code = (error as { readonly code?: string }).code ?? String(error)
    return { result: undefined, failure: code, message: error instanceof Error ? error.message : '' }
  }
}

/** Where commands about a scenario run, before or after it. */
export function surroundings({ folder, host }: At, token = host.token): Surroundings {
  const path = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`
  const env = { PATH: path, HOME: folder, TOKEN_OF_TEST: token }
  return { cwd: folder, env, signal: new AbortController().signal }
}

function configText({ path, host }: At, model: string, { config: changed = {}, services = '' }: Scenario): string {
  const usual = {
    project: `{ path: ${path} }`,
    paths: '{ git_work_dir: git }',
    services: `{ gitlab_url: "${host.url}", llm_url: "${model}", llm_model: scripted, ${services} }`,
    authentication: '{ gitlab_private_token: "${TOKEN_OF_TEST}" }',
    retry_config: '{ retry_interval_time: 0.01, retry_max_time: 4, debug_max_time: 3, total_timeout: 110 }',
    polling: '{ first_seconds: 0.05, longest_seconds: 0.2, appear_seconds: 2 }',
    validation: '{ sandbox: off }',
  }
  return Object.entries({ ...usual, ...changed })
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('')
}

async function seen({ host, id }: At, events: readonly RepairEvent[]) {
  const get = async <T>(path: string): Promise<T> =>
    (await host.call('GET', `/api/v4/projects/${id}${path}`)).body as unknown as T
  type Request = { readonly iid: number; readonly title: string; readonly state: string }
  const mergeRequests = await get<Request[]>('/merge_requests?state=all&per_page=100')
  const notes: string[] = []
  for (const { iid } of Array.isArray(mergeRequests) ? mergeRequests : []) {
    const all = await get<{ body: string; system: boolean }[]>(`/merge_requests/${iid}/notes?per_page=100`)
    notes.push(...all.filter(({ system }) => !system).map(({ body }) => body))
  }
  const branch = events.flatMap((event) => (event.kind === 'state' ? (event.state.branch ?? []) : [])).at(-1)
  type Listed = { id: number; sha: string; source: string; ref: string }
  const listed = await get<Listed[]>('/pipelines?per_page=100')
  const pipelines = (Array.isArray(listed) ? listed : []).filter(({ ref }) => ref === branch)
  const counts = (await host.call('GET', '/_dev/counts')).body as unknown as {
    pushes_by_branch: Record<string, number>
  }
  return {
    mergeRequests: Array.isArray(mergeRequests) ? mergeRequests : [],
    notes,
    pipelines,
    pushes: counts.pushes_by_branch[branch ?? ''] ?? 0,
    branch,
  }
}
