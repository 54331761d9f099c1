import { GreenloopError } from '../domain/errors.ts'
import type { ForgePipeline } from '../domain/forge.ts'
import { capHead, plainText } from '../lib/plain-text.ts'
import { createPace } from './watch-pace.ts'
import type { WatchParts } from './watch-parts.ts'

/** A pushed commit whose pipeline is looked for. */
export interface PushedCommit {
  readonly projectId: number
  readonly branch: string
  readonly sha: string
  /** Merge request of the branch, by its number in the project. */
  readonly mergeRequest?: number | undefined
}

/** Pipelines of a commit, best first: all of them have to be green. Or why there can be none. */
export type FoundPipeline =
  | { readonly kind: 'found'; readonly pipelines: readonly ForgePipeline[] }
  | { readonly kind: 'invalid'; readonly errors: readonly string[] }

const ofMergeRequest = 'merge_request_event'
const maxErrors = 20
const maxErrorLength = 500

/**
 * Pipelines of exactly this commit, on its branch or of its merge request. They may take `appearMs` to show up; where none
 * does, the description is checked, and one is started if it is in order. Throws `repair_conflict` where the pipeline that was
 * started is of another commit: somebody has pushed to the branch.
 */
export async function findPipeline(at: PushedCommit, parts: WatchParts, signal: AbortSignal): Promise<FoundPipeline> {
  const found = await appeared(at, parts, signal)
  if (found.length > 0) return foundOrInvalid(found)
  const lint = await parts.forge.lint(at.projectId, at.branch, signal)
  const late = await look(at, parts, signal)
  if (late.length > 0) return foundOrInvalid(late)
  if (!lint.isValid) return invalid(lint.errors)
  return start(at, parts, signal)
}

/** Looks until there is a pipeline or `appearMs` are over; then once more, for a merge request often makes a second one. */
async function appeared(at: PushedCommit, parts: WatchParts, signal: AbortSignal): Promise<readonly ForgePipeline[]> {
  const pace = createPace(parts)
  const end = parts.clock.monotonic() + parts.polling.appearMs
  for (;;) {
    const found = await look(at, parts, signal)
    const isWhole = at.mergeRequest === undefined || found.some((one) => one.source === ofMergeRequest)
    if (found.length > 0 && isWhole) return found
    const left = end - parts.clock.monotonic()
    if (left <= 0) return found
    if (found.length > 0) {
      pace.reset()
      await pace.wait(signal, left)
      return look(at, parts, signal)
    }
    await pace.wait(signal, left)
  }
}

async function look(at: PushedCommit, parts: WatchParts, signal: AbortSignal): Promise<readonly ForgePipeline[]> {
  const { projectId, sha, mergeRequest } = at
  const listed = await parts.forge.pipelines(projectId, { sha, mergeRequest, limit: 100 }, signal)
  const found = newest(listed.filter((pipeline) => isOurs(pipeline, at)))
  if (found.length > 0 || mergeRequest === undefined) return found
  const request = await parts.forge.mergeRequest(projectId, mergeRequest, signal)
  // The head pipeline is stale for a while after a push.
  if (request?.headPipeline?.sha !== sha) return []
  const head = await parts.forge.pipeline(projectId, request.headPipeline.id, signal)
  return head.sha === sha ? [head] : []
}

function isOurs(pipeline: ForgePipeline, { sha, branch, mergeRequest }: PushedCommit): boolean {
  if (pipeline.sha !== sha || pipeline.source === 'parent_pipeline') return false
  if (pipeline.ref === branch || pipeline.ref === `refs/heads/${branch}`) return true
  return mergeRequest !== undefined && pipeline.ref.startsWith(`refs/merge-requests/${mergeRequest}/`)
}

/** The newest of each place and cause; those of the merge request first. */
function newest(pipelines: readonly ForgePipeline[]): readonly ForgePipeline[] {
  const byCause = new Map<string, ForgePipeline>()
  for (const pipeline of pipelines) {
    const key = JSON.stringify([pipeline.ref, pipeline.source])
    if ((byCause.get(key)?.id ?? -Infinity) < pipeline.id) byCause.set(key, pipeline)
  }
  const rank = (pipeline: ForgePipeline) => (pipeline.source === ofMergeRequest ? 0 : 1)
  return [...byCause.values()].sort((one, other) => rank(one) - rank(other) || other.id - one.id)
}

async function start(at: PushedCommit, parts: WatchParts, signal: AbortSignal): Promise<FoundPipeline> {
  let started: ForgePipeline
  try {
    started = await parts.forge.createPipeline(at.projectId, at.branch, signal)
  } catch (error) {
    if (!(error instanceof GreenloopError) || error.code !== 'forge_rejected') throw error
    const late = await look(at, parts, signal)
    if (late.length > 0) return foundOrInvalid(late)
    const lint = await parts.forge.lint(at.projectId, at.branch, signal)
    return invalid(lint.isValid ? [error.message] : lint.errors)
  }
  if (started.sha === at.sha) return foundOrInvalid([started])
  throw new GreenloopError('repair_conflict', `the branch ${at.branch} has a commit that is not of this run`, {
    why: `A pipeline was started for ${started.sha.slice(0, 12)} instead of ${at.sha.slice(0, 12)}.`,
  })
}

function foundOrInvalid(pipelines: readonly ForgePipeline[]): FoundPipeline {
  const errors = pipelines.flatMap((pipeline) => pipeline.yamlErrors ?? [])
  return errors.length > 0 ? invalid(errors) : { kind: 'found', pipelines }
}

function invalid(errors: readonly string[]): FoundPipeline {
  const told = errors.slice(0, maxErrors).map((error) => capHead(plainText(error), maxErrorLength))
  return { kind: 'invalid', errors: told.length > 0 ? told : ['The host does not say what is wrong with it.'] }
}
