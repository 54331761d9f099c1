import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { invalid, ok, refused, textOf } from './dev-http.ts'
import type { DevReply, DevRequest, DevRoute } from './dev-http.ts'
import { removeFolder } from './dev-git.ts'
import type { DevProject } from './dev-records.ts'
import { withProject } from './dev-scope.ts'
import type { DevRoom } from './dev-scope.ts'
import { descriptionKey } from './dev-world.ts'
import type { DevWorld } from './dev-world.ts'

const usualFile = '.gitlab-ci.yml'

/** Routes that check the description of a pipeline. */
export function lintRoutes({ world }: DevRoom): readonly DevRoute[] {
  const path = '/api/v4/projects/:id/ci/lint'
  return [
    ['GET', path, withProject(world, (project, request) => lintThere(world, project, request))],
    ['POST', path, withProject(world, (project, request) => lintGiven(world, project, request))],
  ]
}

function lintThere(world: DevWorld, project: DevProject, request: DevRequest): Promise<DevReply> {
  const ref = textOf(request, 'content_ref') ?? textOf(request, 'sha') ?? textOf(request, 'ref')
  return lint(world, project, { ref: ref ?? project.defaultBranch })
}

function lintGiven(world: DevWorld, project: DevProject, request: DevRequest): DevReply | Promise<DevReply> {
  const content = textOf(request, 'content')
  if (content === undefined) return invalid('content is missing')
  return lint(world, project, { ref: textOf(request, 'ref') ?? project.defaultBranch, content })
}

async function lint(
  world: DevWorld,
  project: DevProject,
  what: { readonly ref: string; readonly content?: string },
): Promise<DevReply> {
  const branch = `refs/heads/${what.ref}`
  const found =
    (await world.git.ask(project.gitDirectory, ['rev-parse', '--verify', '--quiet', `${branch}^{commit}`])) ??
    (/^[0-9a-f]{40}$/.test(what.ref)
      ? await world.git.ask(project.gitDirectory, ['rev-parse', '--verify', '--quiet', `${what.ref}^{commit}`])
      : undefined)
  if (found === undefined) return refused(404, '404 Commit Not Found')
  const known = world.descriptions.get(
    descriptionKey(project.id, found.trim(), project.options.ciConfigPath ?? usualFile),
  )
  if (known !== undefined && what.content === undefined) return ok(answer([], known))
  await mkdir(join(world.folder, 'lint'), { recursive: true })
  const folder = await mkdtemp(join(world.folder, 'lint', 'at-'))
  try {
    return await lintIn(world, { project, folder, sha: found.trim() }, what.content)
  } finally {
    await removeFolder(folder)
  }
}

async function lintIn(
  world: DevWorld,
  { project, folder, sha }: { readonly project: DevProject; readonly folder: string; readonly sha: string },
  content: string | undefined,
): Promise<DevReply> {
  const run = (...args: string[]): Promise<string> => world.git.run(folder, args)
  await run('init', '--quiet', '--template=')
  await run('remote', 'add', 'origin', `${world.url()}/${project.path}.git`)
  await run('fetch', '--quiet', '--no-tags', project.gitDirectory, sha)
  await run('checkout', '--quiet', '-B', project.defaultBranch, sha)
  // A name of our own, so that no link in the repository is written through.
  const given = '.greenloop-lint.yml'
  if (content !== undefined) await writeFile(join(folder, given), content, { flag: 'wx' })
  const file = content === undefined ? (project.options.ciConfigPath ?? usualFile) : given
  const type = content === undefined ? await world.git.ask(folder, ['cat-file', '-t', `HEAD:${file}`]) : 'blob'
  if (type?.trim() !== 'blob') return ok(answer(['Please provide content of .gitlab-ci.yml']))
  const planned = await world.runner.plan({ folder, file, variables: { CI_PIPELINE_SOURCE: 'push' } }, world.signal)
  return ok('errors' in planned ? answer(planned.errors) : answer([], planned.plan.merged))
}

function answer(errors: readonly string[], merged?: string) {
  return { valid: errors.length === 0, errors, warnings: [], merged_yaml: merged ?? null, includes: [] }
}
