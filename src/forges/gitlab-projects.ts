import { z } from 'zod'
import { GreenloopError } from '../domain/errors.ts'
import type { Forge, ForgeProject } from '../domain/forge.ts'
import type { GitLabApi } from './gitlab-api.ts'
import { encoded, flagField, idField, optionalText, webField } from './gitlab-fields.ts'

const accessField = z.object({ access_level: z.int() }).nullish()

/** A project, cloned from `base` whatever address the host gives: git sends the token there. */
function projectSchema(base: URL): z.ZodType<ForgeProject> {
  return z
    .object({
      id: idField,
      path_with_namespace: z.string().min(1),
      default_branch: optionalText,
      web_url: webField,
      http_url_to_repo: optionalText,
      archived: flagField,
      empty_repo: flagField,
      permissions: z.object({ project_access: accessField, group_access: accessField }).nullish(),
      ci_config_path: optionalText,
    })
    .transform((project) => {
      const levels = [project.permissions?.project_access, project.permissions?.group_access].flatMap((access) =>
        access === null || access === undefined ? [] : [access.access_level],
      )
      return {
        id: project.id,
        path: project.path_with_namespace,
        defaultBranch: project.default_branch,
        webUrl: project.web_url,
        cloneUrl: cloneUrl(base, { path: project.path_with_namespace, said: project.http_url_to_repo }),
        isArchived: project.archived,
        isEmpty: project.empty_repo,
        accessLevel: levels.length === 0 ? undefined : Math.max(...levels),
        ciConfigPath: project.ci_config_path ?? '.gitlab-ci.yml',
      }
    })
}

function cloneUrl(base: URL, { path, said }: { readonly path: string; readonly said: string | undefined }): string {
  const url = URL.parse(said ?? '')
  if (url?.origin === base.origin) {
    url.username = ''
    url.password = ''
    return url.href
  }
  return `${base.href.replace(/\/$/, '')}/${path.split('/').map(encoded).join('/')}.git`
}

const namespaceSchema = z.object({ id: idField, full_path: z.string() })

/** The calls about projects. */
export function projectCalls(
  api: GitLabApi,
  base: URL,
): Pick<Forge, 'findProject' | 'searchProjects' | 'createProject'> {
  const schema = projectSchema(base)
  const findProject: Forge['findProject'] = async (path, signal) => {
    const found = await api.find({ path: `/projects/${encoded(path)}`, schema }, signal)
    if (found !== undefined || !path.includes('/')) return found
    // A proxy that decodes `%2F` answers 404 to every path; a search names none.
    const query = { search: lastOf(path), membership: 'true' }
    for await (const project of api.items({ path: '/projects', query, schema }, signal)) {
      if (project.path.toLowerCase() === path.toLowerCase()) return project
    }
    return undefined
  }
  return {
    findProject,
    searchProjects: async (text, signal) => {
      const query = { search: text, search_namespaces: 'true', membership: 'true', per_page: '20' }
      return await api.read({ path: '/projects', query, schema: schema.array() }, signal)
    },
    createProject: async ({ path, visibility }, signal) => {
      const name = lastOf(path)
      const group = path.slice(0, Math.max(0, path.length - name.length - 1))
      const namespace = group === '' ? {} : { namespace_id: await namespaceId(api, group, signal) }
      // With its first commit there is a branch to begin at.
      const body = { name, path: name, visibility, initialize_with_readme: true, ...namespace }
      const proof = (signal: AbortSignal) => findProject(path, signal)
      return await api.change({ method: 'POST', path: '/projects', body, schema, proof }, signal)
    },
  }
}

async function namespaceId(api: GitLabApi, path: string, signal: AbortSignal): Promise<number> {
  const found = await api.find({ path: `/namespaces/${encoded(path)}`, schema: namespaceSchema }, signal)
  if (found !== undefined) return found.id
  const query = { search: lastOf(path) }
  for await (const each of api.items({ path: '/namespaces', query, schema: namespaceSchema }, signal)) {
    if (each.full_path.toLowerCase() === path.toLowerCase()) return each.id
  }
  throw new GreenloopError('forge_not_found', `the group ${path} is not there, so no project can be made in it`, {
    why: 'it does not exist, or the token may not see it',
    help: 'make the group first, or name another one in `project.path`',
  })
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
