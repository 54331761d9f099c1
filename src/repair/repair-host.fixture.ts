import type { Forge, ForgeJob, ForgePipeline, ForgeProject, MergeRequest, ReportedTest } from '../domain/forge.ts'
import { GreenloopError } from '../domain/errors.ts'
import { createGit } from './repair-git.fixture.ts'
import type { ScriptedGit } from './repair-git.fixture.ts'

/** How a job goes, told by what is in the tree and how often it ran before. */
interface ScriptedJob {
  readonly name: string
  readonly status: string
  readonly failureReason?: string
  readonly allowFailure?: boolean
  readonly trace?: string
  readonly tests?: readonly ReportedTest[]
}

/** What a pipeline is made of. */
export type Script = (at: {
  readonly tree: ReadonlyMap<string, string>
  readonly ref: string
  /** Runs of a job in this pipeline before, by its name. */
  readonly runs: (name: string) => number
}) => readonly ScriptedJob[]

interface Pipeline extends ForgePipeline {
  readonly jobs: { readonly job: ForgeJob; readonly script: ScriptedJob }[]
  forced?: string
}

/** A host in memory: what is there, and what was made how often. */
export interface ScriptedHost {
  readonly forge: Forge
  readonly git: ScriptedGit
  readonly requests: MergeRequest[]
  readonly notes: Map<string, string>
  readonly pipelines: Pipeline[]
  project: ForgeProject | undefined
  scopes: readonly string[]
  script: Script
  /** A pipeline of a branch, as if somebody had started it. */
  start(ref: string): Pipeline
  /** Changes a merge request as a person would. */
  change(iid: number, change: Partial<MergeRequest>): void
}

export const theProject: ForgeProject = {
  id: 7,
  path: 'tools/calculator',
  defaultBranch: 'main',
  webUrl: 'https://host.test/tools/calculator',
  cloneUrl: 'https://host.test/tools/calculator.git',
  isArchived: false,
  isEmpty: false,
  accessLevel: 40,
  ciConfigPath: '.gitlab-ci.yml',
}

type Act = <T>(name: string, effect: () => T) => Promise<T>

/** `act` stands around every effect: it may die there, before or after. */
export function createHost(act: Act, script: Script): ScriptedHost {
  const host: Host = {
    git: createGit(act, (branch) => void host.start(branch)),
    requests: [],
    notes: new Map(),
    pipelines: [],
    project: theProject,
    scopes: ['api'],
    script,
    nextId: 100,
    start: (ref) => started(host, ref),
    change: (iid, change) => {
      host.requests[iid - 1] = { ...at(host.requests, iid - 1), ...change }
    },
  }
  const forge = { ...projectsOf(host, act), ...requestsOf(host, act), ...pipelinesOf(host, act), ...jobsOf(host, act) }
  return Object.assign(host, { forge: { name: 'scripted', close: async () => undefined, ...forge } })
}

type Host = Omit<ScriptedHost, 'forge'> & { nextId: number }

function at<T>(list: readonly T[], index: number): T {
  const found = list[index]
  if (found === undefined) throw new GreenloopError('forge_not_found', `there is nothing at ${index}`)
  return found
}

function started(host: Host, ref: string): Pipeline {
  const sha = host.git.branches.get(ref) ?? ''
  const id = host.nextId++
  const told = { id, projectId: 7, sha, ref, status: '', source: 'push', webUrl: `https://host.test/${id}` }
  const tree = host.git.commits.get(sha)?.tree ?? new Map<string, string>()
  const jobs = host.script({ tree, ref, runs: () => 0 }).map((job) => jobOf(host, id, job))
  const pipeline: Pipeline = { ...told, jobs }
  host.pipelines.push(pipeline)
  return pipeline
}

function jobOf(host: Host, pipelineId: number, script: ScriptedJob): Pipeline['jobs'][number] {
  const { name, status, failureReason, allowFailure = false } = script
  const id = host.nextId++
  const fixed = { projectId: 7, stage: 'test', isRetried: false, kind: 'job' } as const
  const job = { ...fixed, id, pipelineId, name, status, allowFailure, failureReason, webUrl: `https://host.test/${id}` }
  return { script, job }
}

function again(host: Host, id: number): ForgeJob {
  const pipeline = host.pipelines.find(({ jobs }) => jobs.some(({ job }) => job.id === id))
  const index = pipeline?.jobs.findIndex(({ job }) => job.id === id) ?? -1
  const old = pipeline?.jobs[index]
  if (pipeline === undefined || old === undefined || old.job.isRetried) {
    throw new GreenloopError('forge_rejected', `the job ${id} cannot be run again`)
  }
  const runs = (name: string): number => pipeline.jobs.filter(({ job }) => job.name === name).length
  const tree = host.git.commits.get(pipeline.sha)?.tree ?? new Map<string, string>()
  const next = host.script({ tree, ref: pipeline.ref, runs }).find(({ name }) => name === old.job.name)
  pipeline.jobs[index] = { ...old, job: { ...old.job, isRetried: true } }
  const made = jobOf(host, pipeline.id, next ?? old.script)
  pipeline.jobs.push(made)
  return made.job
}

function projectsOf(host: Host, act: Act) {
  return {
    identify: async () => ({ username: 'bot', scopes: host.scopes }),
    findProject: async () => host.project,
    searchProjects: async () => [{ ...theProject, path: 'tools/calculators' }],
    createProject: ({ path }) => act('createProject', () => (host.project = { ...theProject, path })),
    findBranch: async (_, name) => {
      const sha = host.git.branches.get(name)
      return sha === undefined ? undefined : { name, sha, isProtected: name === 'main', canPush: true }
    },
    protectBranch: () => act('protectBranch', () => undefined),
  } satisfies Partial<Forge>
}

function requestsOf(host: Host, act: Act) {
  const request = (iid: number): MergeRequest | undefined => {
    const found = host.requests.find((each) => each.iid === iid)
    return found === undefined ? undefined : { ...found, sha: host.git.branches.get(found.sourceBranch) ?? found.sha }
  }
  return {
    findMergeRequest: async (_, branch) => host.requests.findLast(({ sourceBranch }) => sourceBranch === branch),
    mergeRequest: async (_, iid) => request(iid),
    openMergeRequest: (_, made) =>
      act('openMergeRequest', () => {
        const iid = host.requests.length + 1
        const state = { isDraft: true, state: 'opened', mergeStatus: 'draft_status' } as const
        const opened: MergeRequest = { iid, ...made, ...state, sha: '', webUrl: `https://host.test/mr/${iid}` }
        host.requests.push(opened)
        return opened
      }),
    updateMergeRequest: ({ iid }, change) =>
      act('updateMergeRequest', () => {
        host.change(iid, change)
        return at(host.requests, iid - 1)
      }),
    changedPaths: async () => [],
    putNote: (_, { marker, body }) => act('putNote', () => void host.notes.set(marker, body)),
  } satisfies Partial<Forge>
}

function pipelinesOf(host: Host, act: Act) {
  const find = (id: number): Pipeline =>
    at(
      host.pipelines.filter((each) => each.id === id),
      0,
    )
  const told = (pipeline: Pipeline): ForgePipeline => ({ ...pipeline, status: pipeline.forced ?? statusOf(pipeline) })
  return {
    pipelines: async (_, { sha, ref, status, limit = 20 }) =>
      host.pipelines
        .map(told)
        .filter((each) => sha === undefined || each.sha === sha)
        .filter((each) => ref === undefined || each.ref === ref)
        .filter((each) => status === undefined || each.status === status)
        .toReversed()
        .slice(0, limit),
    pipeline: async (_, id) => told(find(id)),
    createPipeline: (_, ref) => act('createPipeline', () => told(host.start(ref))),
    cancelPipeline: (_, id) => act('cancelPipeline', () => void (find(id).forced = 'canceled')),
    testReport: async (_, id) => ({
      tests: find(id).jobs.flatMap(({ job, script: { tests = [] } }) => (job.isRetried ? [] : tests)),
    }),
    lint: async () => ({ isValid: true, errors: [], warnings: [] }),
  } satisfies Partial<Forge>
}

function jobsOf(host: Host, act: Act) {
  return {
    jobs: async (_, id) => host.pipelines.flatMap((each) => (each.id === id ? each.jobs.map(({ job }) => job) : [])),
    retryJob: (_, id) => act('retryJob', () => again(host, id)),
    playJob: (_, id) => act('playJob', () => again(host, id)),
    trace: async (_, id) => {
      const found = host.pipelines.flatMap(({ jobs }) => jobs).find(({ job }) => job.id === id)
      return `${found?.script.trace ?? 'fine'}\nJob succeeded\n`
    },
  } satisfies Partial<Forge>
}

function statusOf({ jobs }: Pipeline): string {
  const current = jobs.filter(({ job }) => !job.isRetried).map(({ job }) => job)
  if (current.some(({ status }) => status === 'running')) return 'running'
  if (current.some((job) => job.status === 'failed' && !job.allowFailure)) return 'failed'
  if (current.some((job) => job.status === 'manual' && !job.allowFailure)) return 'manual'
  if (current.every(({ status }) => status === 'skipped')) return 'skipped'
  return current.some(({ status }) => status === 'pending') ? 'pending' : 'success'
}
