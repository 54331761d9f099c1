import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RepairEvent, RepairState } from '../../src/domain/repair.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { startDevModel } from '../../src/llm/dev-model.ts'
import type { DevModel } from '../../src/llm/dev-model.ts'
import { labEnv } from './repair-lab.ts'
import type { RepairLab } from './repair-lab.ts'

const root = join(import.meta.dirname, '..', '..')

/** Key of the model in the environment of each run. */
export const labKey = 'sk-canary-of-the-model-4711'

/** A project that adds up wrongly, with a pipeline of a few hundredths of a second. */
export const sumFiles: ReadonlyMap<string, string> = new Map([
  ['src/sum.sh', '#!/bin/bash\n# Adds two numbers.\necho $(($1 - $2))\n'],
  [
    'tests/check.sh',
    'sum=$(bash src/sum.sh 2 3)\n[ "$sum" = 5 ] || { echo "src/sum.sh:3: AssertionError: 2 + 3 gives $sum"; exit 1; }\n',
  ],
  ['.gitlab-ci.yml', 'unit:\n  script:\n    - bash tests/check.sh\n'],
])

/** What a model answers to change the sum from one sign to another. */
export function replyOf(from: string, to: string): string {
  const line = (sign: string): string => `echo $(($1 ${sign} $2))`
  return `The sign is wrong.\n\nsrc/sum.sh\n<<<<<<< SEARCH\n${line(from)}\n=======\n${line(to)}\n>>>>>>> REPLACE\n`
}

/** A run of the command line and what it needs: a folder with its configuration and store, and a model of its own. */
export interface KillBench extends AsyncDisposable {
  readonly folder: string
  readonly runId: string
  readonly model: DevModel
  /** Number of the project on the host; 0 without one. */
  readonly projectId: number
  start(args: readonly string[]): KillRun
  /** `repair run` with this configuration. */
  begin(more?: readonly string[]): KillRun
  resume(): KillRun
  configure(more: string): Promise<void>
}

/** A process of the command line. */
export interface KillRun {
  readonly pid: number
  readonly events: readonly (RepairEvent | { readonly kind: 'summary' })[]
  readonly ended: Promise<KillEnd>
  kill(signal: NodeJS.Signals): void
  /** Comes back with the first event that fits, or with nothing when the process has ended. */
  until(fits: (event: RepairEvent) => boolean): Promise<RepairEvent | undefined>
}

/** How a process ended, and what it wrote. */
export interface KillEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** What a bench is made of. */
interface KillOptions {
  readonly name: string
  readonly replies: readonly unknown[]
  readonly files?: ReadonlyMap<string, string>
  /** Further lines of the configuration. */
  readonly config?: string
  readonly repeat?: boolean
  /** The address of the model, where it is not the scripted one. */
  readonly llmUrl?: string
}

/** Makes a project on the host of the lab, and a folder to work in. */
export async function openKillBench(lab: RepairLab, options: KillOptions): Promise<KillBench> {
  const { name, replies, files = sumFiles, config = '', repeat = false } = options
  const path = `kill/${name}`
  const { id } = await lab.server.addProject({
    path,
    history: [{ message: 'First', files }],
    withPipelines: true,
  })
  await settled(lab, id)
  const folder = join(lab.folder, 'kill', name)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'replies.json'), JSON.stringify({ replies, repeat }))
  const model = await startDevModel({ script: join(folder, 'replies.json'), clock: systemClock })
  const configure = (more: string): Promise<void> =>
    writeFile(
      join(folder, 'config.yaml'),
      `project: { path: ${path} }
paths: { git_work_dir: git }
services: { gitlab_url: "${lab.server.url}", llm_url: "${options.llmUrl ?? model.url}", llm_model: scripted }
authentication: { gitlab_private_token: "\${GITLAB_TOKEN}", llm_api_key: "\${LLM_KEY}" }
polling: { first_seconds: 0.05, longest_seconds: 0.2, appear_seconds: 5 }
${more.includes('validation:') ? '' : 'validation: { sandbox: "off" }\n'}${more.includes('retry_config:') ? '' : 'retry_config: { retry_interval_time: 0.1, retry_max_time: 3, debug_max_time: 3, total_timeout: 120 }\n'}${more}\n`,
    )
  await configure(config)
  const env = {
    ...labEnv,
    GITLAB_TOKEN: lab.token,
    LLM_KEY: labKey,
    GREENLOOP_STORE: join(folder, 'runs.db'),
  }
  const runId = `kill-${name}`
  const start = (args: readonly string[]): KillRun => startRun(args, folder, env)
  return {
    folder,
    runId,
    model,
    projectId: id,
    start,
    configure,
    begin: (more = []) => start(['repair', 'run', '--run-id', runId, '--jsonl', ...more]),
    resume: () => start(['repair', 'resume', runId, '--jsonl']),
    [Symbol.asyncDispose]: () => model.close(),
  }
}

/** Waits until the pipelines of a project are over. */
export async function settled({ api }: Pick<RepairLab, 'api'>, id: number): Promise<void> {
  for (let look = 0; look < 600; look++) {
    const pipelines = (await api(`/api/v4/projects/${id}/pipelines`)) as { status: string }[]
    if (pipelines.every(({ status }) => !['created', 'pending', 'running', 'canceling'].includes(status))) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the pipelines did not end')
}

function startRun(args: readonly string[], cwd: string, env: Readonly<Record<string, string>>): KillRun {
  const child = spawn(join(root, 'bin', 'greenloop'), args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const events: RepairEvent[] = []
  const waiting = new Set<() => void>()
  let stdout = ''
  let stderr = ''
  let rest = ''
  let isOver = false
  const wake = (): void => {
    for (const look of waiting) look()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) events.push(JSON.parse(line) as RepairEvent)
    wake()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = once(child, 'close').then(([code, signal]) => {
    isOver = true
    wake()
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, stdout, stderr }
  })
  const until = (fits: (event: RepairEvent) => boolean): Promise<RepairEvent | undefined> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = events.find(fits)
        if (found === undefined && !isOver) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  return { pid: child.pid ?? 0, events, ended, kill: (signal) => void child.kill(signal), until }
}

/** States that a run went through, in their order, each once. */
export function statesOf({ events }: Pick<KillRun, 'events'>): readonly RepairState[] {
  return events.flatMap((event) => (event.kind === 'state' ? [event.state] : []))
}

/** Whether a state is the n-th time (from 1) that a run of this process is in the phase. */
export function nthPhase(phase: string, number: number): (event: RepairEvent) => boolean {
  let last: string | undefined
  let seen = 0
  const known = new Set<RepairEvent>()
  return (event) => {
    if (event.kind !== 'state' || known.has(event)) return false
    known.add(event)
    const isNew = event.state.phase !== last
    last = event.state.phase
    if (isNew && last === phase) seen += 1
    return isNew && last === phase && seen === number
  }
}

/** What a run left on the host, as far as a second run of the same must leave the same. */
export async function leftOn(lab: RepairLab, { projectId, model }: KillBench) {
  const at = `/api/v4/projects/${projectId}`
  const list = async (path: string) => (await lab.api(`${at}/${path}`)) as Record<string, unknown>[]
  const requests = await list('merge_requests?state=all&per_page=100')
  const branches = (await list('repository/branches?per_page=100')).map(({ name }) => String(name))
  const ours = branches.filter((name) => name.startsWith('greenloop/'))
  const notes = await Promise.all(requests.map(({ iid }) => list(`merge_requests/${String(iid)}/notes?per_page=100`)))
  const pipelines = (await list('pipelines?per_page=100')).filter(({ ref }) => ref !== 'main')
  return {
    requests: requests.map(({ state, title }) => `${String(state)} ${String(title).slice(0, 6)}`),
    branches: ours.length,
    notes: notes.map((some) => some.filter(({ system }) => system !== true).length),
    pipelines: pipelines.length,
    commitsWithPipelines: new Set(pipelines.map(({ sha }) => sha)).size,
    statuses: pipelines.map(({ status }) => String(status)),
    asked: model.requests.length,
  }
}
