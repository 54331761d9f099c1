import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import { removeFolder } from './dev-git.ts'
import type { DevProject } from './dev-records.ts'
import type { DevWorld } from './dev-world.ts'
import { findProject } from './dev-world.ts'

/** A project as it is to be made. */
export interface NewDevProject {
  /** Full path with its groups. */
  readonly path: string
  /** Files of its only commit, by path. */
  readonly files?: ReadonlyMap<string, string>
  /** Commits, oldest first; a file without content is removed. */
  readonly history?: readonly { readonly message: string; readonly files: ReadonlyMap<string, string | undefined> }[]
  /** Folder of a git repository that is cloned. */
  readonly repository?: string
  /** Uses that repository itself: branches are pushed into it. */
  readonly inPlace?: boolean
  /** Each commit of a new project gets a pipeline, as if they had been pushed one by one. */
  readonly withPipelines?: boolean
}

const pathShape = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$/

/** Whether a path may be that of a project: a group at least, and names of plain characters. */
export const isProjectPath = (path: string): boolean =>
  path.length <= 255 && pathShape.test(path) && !/\.(git|atom)(\/|$)/.test(path) && !path.includes('..')

/** Makes a project, its groups and its repository. Throws `git_failed`, and `forge_rejected` for a path that cannot be. */
export async function addDevProject(
  world: DevWorld,
  wanted: NewDevProject,
  visibility = 'private',
): Promise<DevProject> {
  const { path } = wanted
  if (!isProjectPath(path)) throw new GreenloopError('forge_rejected', `${path} cannot be the path of a project`)
  const known = findProject(world, path)
  if (known !== undefined) return keepPlace(world, known, wanted)
  const id = world.store.nextId()
  const gitDirectory = await makeRepository(world, wanted, id)
  const defaultBranch = await headBranch(world, gitDirectory)
  const project: DevProject = {
    id,
    path,
    visibility,
    createdAt: world.clock.now(),
    defaultBranch,
    gitDirectory,
    protectedBranches: [{ name: defaultBranch, pushLevel: 40 }],
    options: {},
    mergeRequests: 0,
  }
  addGroups(world, path)
  world.store.state.projects.push(project)
  world.store.changed()
  return project
}

/** A repository that is used in place may stand elsewhere than before. */
async function keepPlace(world: DevWorld, project: DevProject, wanted: NewDevProject): Promise<DevProject> {
  if (wanted.inPlace !== true) return project
  project.gitDirectory = await makeRepository(world, wanted, project.id)
  world.store.changed()
  return project
}

/** Makes a group and those above it, where they are not there. */
export function addGroups(world: DevWorld, projectPath: string): void {
  const names = projectPath.split('/')
  for (let depth = 1; depth < names.length; depth++) {
    const path = names.slice(0, depth).join('/')
    const { groups } = world.store.state
    if (!groups.some((group) => group.path === path)) groups.push({ id: world.store.nextId(), path })
  }
}

async function makeRepository(world: DevWorld, wanted: NewDevProject, id: number): Promise<string> {
  const { git } = world
  if (wanted.repository !== undefined && wanted.inPlace === true) {
    const common = await git.run(wanted.repository, ['rev-parse', '--git-common-dir'])
    return resolve(wanted.repository, common.trim())
  }
  const folder = join(world.folder, 'repositories')
  const gitDirectory = join(folder, `${id}.git`)
  await mkdir(folder, { recursive: true })
  await removeFolder(gitDirectory)
  if (wanted.repository !== undefined) {
    const source = resolve(wanted.repository)
    await git.run(folder, ['clone', '--quiet', '--bare', '--no-hardlinks', '--template=', '--', source, gitDirectory])
    return gitDirectory
  }
  await git.run(folder, ['init', '--quiet', '--bare', '--template=', gitDirectory])
  const history =
    wanted.history ?? (wanted.files === undefined ? [] : [{ message: 'Initial commit', files: wanted.files }])
  if (history.length > 0) await git.run(gitDirectory, ['fast-import', '--quiet'], importStream(world, history))
  return gitDirectory
}

/** Commits on `main` as `git fast-import` reads them. */
function importStream(world: DevWorld, history: NonNullable<NewDevProject['history']>): string {
  const seconds = Math.floor(world.clock.now() / 1000)
  const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`
  const commits = history.map(({ message, files }, index) => {
    const changes = [...files].map(([path, content]) =>
      content === undefined
        ? `D ${JSON.stringify(path)}\n`
        : `M ${content.startsWith('#!') ? '100755' : '100644'} inline ${JSON.stringify(path)}\n${data(content)}`,
    )
    const author = `Administrator <root@example.com> ${seconds - history.length + index} +0000`
    return `commit refs/heads/main\ncommitter ${author}\n${data(message)}${changes.join('')}\n`
  })
  return commits.join('')
}

async function headBranch(world: DevWorld, gitDirectory: string): Promise<string> {
  const head = await world.git.ask(gitDirectory, ['symbolic-ref', '--short', 'HEAD'])
  return head?.trim() ?? 'main'
}
