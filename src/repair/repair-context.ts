import type { Diagnosis } from './diagnosis.ts'
import type { ForgeProject } from '../domain/forge.ts'
import { GreenloopError } from '../domain/errors.ts'
import { known } from './repair-state.ts'
import type { RepairState } from '../domain/repair.ts'
import type { RepairWorld, ScriptEnd } from './world.ts'
import type { Repository, TreeFile } from '../domain/repository.ts'
import type { WatchParts } from './watch.ts'

/** What is repaired: a branch, or the source branch of a merge request; the default branch where neither is named. */
export interface RepairTarget {
  readonly ref?: string
  readonly mergeRequest?: number
}

/** What was gathered about the failure of a pipeline. */
export interface Collected {
  readonly pipelineId: number
  readonly diagnosis: Diagnosis
  readonly passing: readonly string[]
}

/** What one process holds in its memory: all of it can be fetched again. */
interface Memory {
  project?: ForgeProject
  repository?: Repository
  /** Commits of the branches on the host when they were fetched. */
  branches?: ReadonlyMap<string, string>
  collected?: Collected
  files?: { readonly sha: string; readonly list: readonly TreeFile[] }
  /** The description of the pipeline with its includes; an empty text where the host does not give it. */
  merged?: { readonly sha: string; readonly text: string }
  /** How failing commands ended here without a patch. */
  readonly proofs: Map<string, ScriptEnd>
}

/** What a step works with. */
export interface RepairContext {
  readonly world: RepairWorld
  readonly target: RepairTarget
  readonly signal: AbortSignal
  readonly memory: Memory
}

/** A step: does what its phase stands for, and gives the state that follows. */
export type Step = (state: RepairState, context: RepairContext) => Promise<RepairState>

/** The project of the run, asked for once in a process. Throws `forge_not_found` where it has gone. */
export async function projectOf(state: RepairState, { world, memory, signal }: RepairContext): Promise<ForgeProject> {
  const project = memory.project ?? (await world.forge.findProject(String(known(state.projectId)), signal))
  if (project === undefined) {
    throw new GreenloopError('forge_not_found', `the project ${state.projectPath} is not there any more`)
  }
  memory.project = project
  return project
}

/** The control repository of the project, with the commits of the host. */
export async function repositoryOf(state: RepairState, context: RepairContext): Promise<Repository> {
  const { world, memory, signal } = context
  if (memory.repository !== undefined) return memory.repository
  const repository = await world.repository(await projectOf(state, context))
  memory.branches = await repository.fetch(signal)
  memory.repository = repository
  return repository
}

/** Files of the commit that is on our branch. */
export async function filesOf(state: RepairState, context: RepairContext): Promise<readonly TreeFile[]> {
  const { memory, signal } = context
  const sha = known(state.pushedSha)
  if (memory.files?.sha !== sha) {
    memory.files = { sha, list: await (await repositoryOf(state, context)).files(sha, signal) }
  }
  return memory.files.list
}

/** The whole description of the pipeline as the host gives it; an empty text where it does not. */
export async function mergedOf(state: RepairState, { world, memory, signal }: RepairContext): Promise<string> {
  const sha = known(state.pushedSha)
  if (memory.merged?.sha !== sha) {
    const lint = await world.forge.lint(known(state.projectId), known(state.branch), signal)
    memory.merged = { sha, text: lint.merged ?? '' }
  }
  return memory.merged.text
}

/** What watching needs. */
export function watchParts({ world }: RepairContext): WatchParts {
  const { forge, clock, random, policy, woken, emit } = world
  return { forge, clock, random, polling: policy.polling, woken, emit }
}
