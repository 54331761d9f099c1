import { setMaxListeners } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import { makeFolders } from '../lib/files.ts'
import { sha256 } from '../lib/hash.ts'
import type { CiRunner } from './ci.ts'
import { createDevPipeline } from './dev-create.ts'
import { openDevGit } from './dev-git.ts'
import { branchMoved, catchUp } from './dev-push.ts'
import type { DevJob, DevProject } from './dev-records.ts'
import { addDevProject } from './dev-repositories.ts'
import type { NewDevProject } from './dev-repositories.ts'
import { createScheduler } from './dev-scheduler.ts'
import type { DevRoom } from './dev-scope.ts'
import { createDevHandler } from './dev-server.ts'
import { openDevStore } from './dev-state.ts'
import { openTraces } from './dev-traces.ts'
import { findPipeline, findProject, projectOf } from './dev-world.ts'
import type { DevWorld } from './dev-world.ts'

/** How a test GitLab is set up. */
export interface DevGitLabConfig {
  /** State and repositories live here; what is there from before goes on. */
  readonly folder: string
  /** 127.0.0.1 unless set. */
  readonly host?: string
  /** A free one unless set. */
  readonly port?: number
  /** Token of the maintainer `root`. */
  readonly token: string
  readonly runner: CiRunner
  readonly clock: Clock
  readonly random: () => number
  /** Jobs that run at once; 2 unless set. */
  readonly concurrentJobs?: number
  /** `awkward` shows things late and stale, as a loaded host does. */
  readonly realism?: 'plain' | 'awkward'
  /** Environment of git; the usual PATH unless set. */
  readonly env?: Readonly<Record<string, string>>
  readonly log?: (line: string) => void
}

/** A small GitLab on this machine: API, git over HTTP and pipelines that really run. */
export interface DevGitLab {
  readonly url: string
  /** Makes a project from files, from commits, or from a git repository; one that is there already is given back. */
  addProject(project: NewDevProject): Promise<{ readonly id: number; readonly path: string; readonly cloneUrl: string }>
  /** Ends all jobs and requests and frees the port. What was running goes on at the next start. */
  close(): Promise<void>
}

const usualEnv = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }

/** Starts a test GitLab. Throws `artifact_failed` for a folder that is not its own, and the system's error for a port that is taken. */
export async function startDevGitLab(config: DevGitLabConfig): Promise<DevGitLab> {
  const controller = new AbortController()
  // Each process and each wait listens to it.
  setMaxListeners(0, controller.signal)
  await makeFolders(config.folder)
  const server = createServer()
  const world = await openWorld(config, server, controller.signal)
  const traces = await openTraces(join(config.folder, 'traces'))
  const startChild = (bridge: DevJob): Promise<number | string> => childOf(world, bridge)
  const scheduler = createScheduler({ world, traces, concurrentJobs: config.concurrentJobs ?? 2, startChild })
  const room = { world, scheduler, traces }
  const handle = createDevHandler(room)
  server.on('request', (request, response) => void handle(request, response))
  await listen(server, config)
  scheduler.resume()
  await catchUp(room)
  return {
    url: world.url(),
    addProject: async (project) => {
      const isNew = findProject(world, project.path) === undefined
      const added = await addDevProject(world, project)
      const { id, path } = added
      if (isNew && project.withPipelines === true) await pushHistory(room, added)
      await world.store.saved()
      return { id, path, cloneUrl: `${world.url()}/${path}.git` }
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()))
      controller.abort(new Error('The server was closed.'))
      server.closeAllConnections()
      await scheduler.stop()
      await closed
      await world.store.saved()
    },
  }
}

async function openWorld(config: DevGitLabConfig, server: Server, signal: AbortSignal): Promise<DevWorld> {
  const { folder, runner, clock, random } = config
  const store = await openDevStore(folder)
  const hash = sha256(config.token)
  const known = store.state.tokens.find((token) => token.username === 'root')
  if (known === undefined)
    store.state.tokens.push({ id: 1, hash, username: 'root', accessLevel: 40, scopes: ['api'], isRevoked: false })
  else known.hash = hash
  return {
    folder,
    store,
    git: await openDevGit(folder, config.env ?? usualEnv, signal),
    runner,
    clock,
    random,
    isAwkward: config.realism === 'awkward',
    descriptions: new Map(),
    log: config.log ?? (() => {}),
    url: () => `http://${config.host ?? '127.0.0.1'}:${(server.address() as AddressInfo).port}`,
    signal,
  }
}

/** Every commit of the default branch as if it had been pushed by itself: each gets its pipeline. */
async function pushHistory(room: DevRoom, project: DevProject): Promise<void> {
  const { defaultBranch: branch, gitDirectory } = project
  const listed = await room.world.git.run(gitDirectory, ['rev-list', '--reverse', '--first-parent', branch])
  let before: string | undefined
  for (const after of listed.trim().split('\n')) {
    await branchMoved(room, { project, branch, before, after, user: 'root' })
    before = after
  }
}

/** Makes the child pipeline of a bridge at its parent's commit. */
async function childOf(world: DevWorld, bridge: DevJob): Promise<number | string> {
  const parent = findPipeline(world, bridge.pipelineId)
  if (parent === undefined || bridge.trigger === undefined) return 'no parent'
  const { sha, ref, mergeRequest, user } = parent
  const project = projectOf(world, bridge.projectId)
  const file = bridge.trigger.include
  const wanted = {
    project,
    sha,
    ref,
    mergeRequest,
    user,
    file,
    source: 'parent_pipeline',
    parentJob: bridge.id,
  } as const
  const creation = await createDevPipeline(world, wanted)
  if (creation.kind === 'errors') return creation.errors.join('\n')
  if (creation.kind === 'nothing') return creation.reason
  return creation.pipeline.id
}

function listen(server: Server, { host = '127.0.0.1', port = 0 }: DevGitLabConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
