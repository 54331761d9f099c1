import { GreenloopError } from '../domain/errors.ts'
import type { Forge } from '../domain/forge.ts'
import type { Clock } from '../lib/clock.ts'
import { createHttpClient } from '../lib/http-client.ts'
import { createRedactor } from '../lib/redact.ts'
import { createApi } from './gitlab-api.ts'
import { branchCalls } from './gitlab-branches.ts'
import { changeCalls } from './gitlab-changes.ts'
import { identityCalls } from './gitlab-identity.ts'
import { jobCalls } from './gitlab-jobs.ts'
import { mergeRequestCalls } from './gitlab-merge-requests.ts'
import { noteCalls } from './gitlab-notes.ts'
import { pipelineCalls } from './gitlab-pipelines.ts'
import { projectCalls } from './gitlab-projects.ts'
import { reportCalls } from './gitlab-reports.ts'
import type { GitLabRetry } from './gitlab-retry.ts'
import { createSlots } from './gitlab-slots.ts'

/** How a GitLab is reached. */
export interface GitLabConfig {
  /** `https://host[/prefix]`; the API is under `/api/v4`. */
  readonly url: string
  readonly token: string
  /** Certificate authority in PEM, for a host with one of its own. */
  readonly ca?: string | undefined
  readonly retry: GitLabRetry
  readonly clock: Clock
  /** Numbers from 0 up to, not including, 1. */
  readonly random: () => number
  /** One line for the log of operations: method, path without query values, status, milliseconds, attempt. Never the token. */
  readonly onRequest?: ((line: string) => void) | undefined
  /** Limit of one request, milliseconds; 30,000 unless set. Traces have four times as long. */
  readonly requestTimeoutMs?: number | undefined
}

const requestsAtOnce = 8

/**
 * A GitLab, over version 4 of its REST API. Throws `config_invalid` where the address cannot be one, and `forge_auth_failed`
 * where the token cannot be one.
 */
export function createGitLab(config: GitLabConfig): Forge {
  const base = baseOf(config.url)
  const { retry, clock, random, onRequest } = config
  const http = createHttpClient({ ca: config.ca, keep: requestsAtOnce })
  const api = createApi({
    wire: { http, token: tokenOf(config.token) },
    api: `${base.href.replace(/\/$/, '')}/api/v4`,
    retry,
    clock,
    random,
    slots: createSlots(requestsAtOnce),
    redactor: createRedactor([config.token.trim()]),
    timeoutMs: config.requestTimeoutMs ?? 30_000,
    pause: { untilMs: 0 },
    onRequest,
  })
  const { username, identify } = identityCalls(api)
  return {
    name: `GitLab ${base.host}`,
    identify,
    ...projectCalls(api, base),
    ...branchCalls(api),
    ...mergeRequestCalls(api),
    ...changeCalls(api),
    ...noteCalls(api, username),
    ...pipelineCalls(api),
    ...jobCalls(api),
    ...reportCalls(api),
    close: async () => http.close(),
  }
}

function baseOf(text: string): URL {
  const url = URL.parse(text.trim().replace(/\/api\/v4\/?$/, ''))
  if (
    url === null ||
    (url.protocol !== 'https:' && url.protocol !== 'http:') ||
    url.username !== '' ||
    url.password !== ''
  ) {
    throw new GreenloopError('config_invalid', 'services.gitlab_url is not the address of a GitLab', {
      help: 'write it as `https://gitlab.example.com`, without a user or password',
    })
  }
  url.search = ''
  url.hash = ''
  return url
}

function tokenOf(text: string): string {
  const token = text.trim()
  if (/^[\u0021-\u007e]{1,4096}$/.test(token)) return token
  throw new GreenloopError(
    'forge_auth_failed',
    'the token for the GitLab is empty or holds a character that none has',
    {
      help: 'set `authentication.gitlab_private_token`',
    },
  )
}
