import { GreenloopError } from '../domain/errors.ts'
import type { ServerConfig } from '../domain/workflow.ts'
import { adminCall } from './dify-console-call.ts'
import type { AdminAnswer, AdminParts, AdminRequest } from './dify-console-call.ts'
import { answerText, importOutcome, isPending, leakedDependencies } from './dify-console-admin.ts'
import type { DifyAdmin } from './dify-console-admin.ts'

/**
 * Administration by `/openapi/v1` with a token. Throws `plan_invalid` without token or workspace, `target_refused` where
 * the server has no such interface, otherwise as targets do.
 */
export async function openOpenapi(server: ServerConfig, parts: AdminParts): Promise<DifyAdmin> {
  const { token, workspace, consoleUrl } = server.publish
  if (token === undefined || workspace === undefined) {
    throw new GreenloopError('plan_invalid', 'publishing by /openapi/v1 wants a token and a workspace', {
      help: 'set `publish.token` and `publish.workspace` of the server in env.yaml; write `${NAME}` for the token',
    })
  }
  const base = `${(consoleUrl ?? server.baseUrl).replace(/\/+$/u, '').replace(/\/v1$/u, '')}/openapi/v1`
  if (!URL.canParse(base)) throw new GreenloopError('plan_invalid', `\`${base}\` is no address of a server`)
  const headers = { ...server.headers, authorization: `Bearer ${token.trim()}` }
  const secrets = [token.trim(), ...Object.values(server.headers)]
  const ask: Ask = (method, path, rest = {}) =>
    adminCall({ method, url: new URL(`${base}/${path}`), headers, secrets, ...rest }, parts)
  const probe = await ask('GET', '_version', { accept: [404] })
  if (probe.status === 404) {
    throw new GreenloopError('target_refused', `${base} is not there`, {
      help: 'the server needs OPENAPI_ENABLED=true and ENABLE_OAUTH_BEARER=true; or publish by `console` or `files`',
    })
  }
  return openapiOf(ask, encodeURIComponent(workspace))
}

type Ask = (
  method: AdminRequest['method'],
  path: string,
  rest?: Pick<AdminRequest, 'body' | 'accept'>,
) => Promise<AdminAnswer>

function openapiOf(ask: Ask, workspace: string): DifyAdmin {
  return {
    importApp: async (dsl, { appId, name }) => {
      const path = `workspaces/${workspace}/apps/imports`
      const body = { mode: 'yaml-content', yaml_content: dsl, name, app_id: appId }
      const answer = await ask('POST', path, { body, accept: [400] })
      if (!isPending(answer)) return importOutcome(answer)
      const id = answerText(answer, ['id'], 'the import')
      return importOutcome(await ask('POST', `${path}/${id}/confirm`, { body: {}, accept: [400] }))
    },
    exportApp: async (appId, versionId) => {
      const query = versionId === undefined ? '' : `&workflow_id=${encodeURIComponent(versionId)}`
      const answer = await ask('GET', `apps/${appId}/export?include_secret=false${query}`)
      return answerText(answer, ['data'], 'the export')
    },
    publish: async (appId, { name, comment }) => {
      const body = { marked_name: name, marked_comment: comment }
      const answer = await ask('POST', `apps/${appId}:publish`, { body, accept: [404, 405] })
      if (answer.status < 400) return answerText(answer, ['version_id'], 'the publishing')
      throw new GreenloopError('target_refused', 'this build of the server cannot publish by /openapi/v1', {
        help: 'publish by `console` or `files`',
      })
    },
    missingDependencies: async (appId) =>
      leakedDependencies(await ask('GET', `apps/${appId}/check-dependencies`, { accept: [404] })),
  }
}
