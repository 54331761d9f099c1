import { randomUUID } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readSafely } from '../lib/files.ts'
import type { CiContext } from './ci.ts'
import { removeFolder } from './dev-git.ts'
import type { DevPipeline } from './dev-records.ts'
import { findPipeline, projectOf, projectUrl } from './dev-world.ts'
import type { DevWorld } from './dev-world.ts'
import { isFinished } from './dev-status.ts'

const keptFolders = 20
const opening = new WeakMap<DevPipeline, Promise<string>>()

/** The work folder of a pipeline, made where it is not there: a clone of its own at the commit. Throws `git_failed`. */
export async function openWork(world: DevWorld, pipeline: DevPipeline): Promise<CiContext> {
  const folder = workFolder(world, pipeline.id)
  // Two jobs may ask for it at once.
  const open = opening.get(pipeline) ?? prepare(world, pipeline, folder).finally(() => opening.delete(pipeline))
  opening.set(pipeline, open)
  return { folder: await open, file: pipeline.file, variables: variablesOf(world, pipeline) }
}

/** Removes a pipeline's work folder. */
export async function dropWork(world: DevWorld, pipelineId: number): Promise<void> {
  await removeFolder(workFolder(world, pipelineId))
}

/** Removes work folders of pipelines that ended, but for the newest 20. */
export async function tidyWork(world: DevWorld): Promise<void> {
  const folders = await readdir(join(world.folder, 'work')).catch(() => [])
  const ids = folders.map(Number).sort((one, other) => other - one)
  for (const id of ids.slice(keptFolders)) {
    const pipeline = findPipeline(world, id)
    if (pipeline === undefined || isFinished(pipeline.status)) await dropWork(world, id)
  }
}

const workFolder = (world: DevWorld, id: number): string => join(world.folder, 'work', String(id))

/** Gives the clone of a pipeline. `ready` names it once it is whole. */
async function prepare(world: DevWorld, pipeline: DevPipeline, folder: string): Promise<string> {
  const ready = await readSafely(join(folder, 'ready'), 100)
  if (ready.kind === 'file') return join(folder, ready.data.toString('utf8'))
  const name = await cloneAt(world, pipeline, folder)
  await writeFile(join(folder, 'ready'), name)
  return join(folder, name)
}

async function cloneAt(world: DevWorld, pipeline: DevPipeline, folder: string): Promise<string> {
  const project = projectOf(world, pipeline.projectId)
  // Runners remember folders, so that a second clone has another name.
  const name = `source-${randomUUID().slice(0, 8)}`
  const source = join(folder, name)
  await removeFolder(folder)
  await mkdir(source, { recursive: true })
  const run = (...args: string[]): Promise<string> => world.git.run(source, args)
  await run('init', '--quiet', '--template=')
  await run('remote', 'add', 'origin', `${projectUrl(world, project)}.git`)
  await run('fetch', '--quiet', '--no-tags', project.gitDirectory, pipeline.sha, '+refs/heads/*:refs/remotes/origin/*')
  await run('checkout', '--quiet', '-B', branchOf(world, pipeline), pipeline.sha)
  return name
}

/** The branch that a pipeline is for, also where its reference is that of a merge request. */
function branchOf(world: DevWorld, { ref, projectId, mergeRequest }: DevPipeline): string {
  const request = requestOf(world, projectId, mergeRequest)
  return request?.sourceBranch ?? ref
}

function requestOf(world: DevWorld, projectId: number, iid: number | undefined) {
  return world.store.state.mergeRequests.find((other) => other.projectId === projectId && other.iid === iid)
}

function variablesOf(world: DevWorld, pipeline: DevPipeline): Record<string, string> {
  const project = projectOf(world, pipeline.projectId)
  const request = requestOf(world, pipeline.projectId, pipeline.mergeRequest)
  const branch = branchOf(world, pipeline)
  const url = projectUrl(world, project)
  return {
    ...pipeline.variables,
    CI_PIPELINE_ID: String(pipeline.id),
    CI_PIPELINE_SOURCE: pipeline.source,
    CI_PIPELINE_URL: `${url}/-/pipelines/${pipeline.id}`,
    CI_COMMIT_SHA: pipeline.sha,
    CI_COMMIT_SHORT_SHA: pipeline.sha.slice(0, 8),
    CI_COMMIT_REF_NAME: branch,
    CI_DEFAULT_BRANCH: project.defaultBranch,
    CI_PROJECT_ID: String(project.id),
    CI_PROJECT_PATH: project.path,
    CI_PROJECT_NAME: project.path.slice(project.path.lastIndexOf('/') + 1),
    CI_PROJECT_URL: url,
    CI_SERVER_URL: world.url(),
    CI_API_V4_URL: `${world.url()}/api/v4`,
    GITLAB_CI: 'true',
    CI: 'true',
    ...(request === undefined
      ? { CI_COMMIT_BRANCH: branch }
      : {
          CI_MERGE_REQUEST_IID: String(request.iid),
          CI_MERGE_REQUEST_SOURCE_BRANCH_NAME: request.sourceBranch,
          CI_MERGE_REQUEST_TARGET_BRANCH_NAME: request.targetBranch,
        }),
  }
}
