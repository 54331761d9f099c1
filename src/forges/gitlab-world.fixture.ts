import type { Reply, Seen } from './gitlab.fixture.ts'

type Thing = Readonly<Record<string, unknown>>

/** A commit of the world. */
export const sha = 'a'.repeat(40)

const project: Thing = {
  id: 1,
  path_with_namespace: 'tools/qa/calculator',
  default_branch: 'main',
  web_url: 'https://gitlab.example.com/tools/qa/calculator',
  http_url_to_repo: 'https://elsewhere.example.com/tools/qa/calculator.git',
  archived: false,
  empty_repo: false,
  permissions: { project_access: { access_level: 30 }, group_access: { access_level: 40 } },
  ci_config_path: null,
}

/** A small GitLab with one project of each thing; what is posted is there afterwards. Its answers are those of success. */
export function createWorld() {
  const state = {
    projects: [project],
    mergeRequests: [mergeRequest(12, 'other')],
    notes: [{ id: 1, body: 'hello <!-- mark -->', author: { username: 'somebody' } }] as Thing[],
    pipelines: [pipeline(100, 'push')],
    jobs: [job(1000, 'failed'), { ...job(1001, 'manual'), name: 'deploy' }],
    isProtected: false,
  }
  const routes = routesOf(state)
  const answer = (seen: Seen): Reply => {
    if (seen.path.endsWith('/jobs/1000/trace')) return { text: 'Job succeeded\n' }
    for (const [method, pattern, handle] of routes) {
      const match = method === seen.method ? pattern.exec(seen.path) : null
      const json = match === null ? undefined : handle(seen, match[1] ?? '')
      if (json !== undefined) return { status: seen.method === 'POST' ? 201 : 200, json }
    }
    return { status: 404, json: { message: '404 Not Found' } }
  }
  return { state, answer }
}

type State = ReturnType<typeof createWorld>['state']
type Route = readonly [method: string, pattern: RegExp, handle: (seen: Seen, part: string) => unknown]

function routesOf(state: State): readonly Route[] {
  return [
    ['GET', /^\/user$/, () => ({ username: 'greenloop-bot' })],
    ['GET', /^\/personal_access_tokens\/self$/, () => ({ scopes: ['api'], expires_at: '2027-01-01' })],
    ['GET', /^\/namespaces\/tools%2Fqa$/, () => ({ id: 7, full_path: 'tools/qa' })],
    ['GET', /^\/projects$/, () => state.projects],
    ['POST', /^\/projects$/, ({ body }) => added(state.projects, made(body, project))],
    ['GET', /^\/projects\/([^/]+)$/, (_, part) => state.projects.find((each) => isMeant(each, part))],
    ['GET', /\/repository\/branches\/main$/, () => branch],
    ['POST', /\/protected_branches$/, () => ((state.isProtected = true), { name: 'main' })],
    ['GET', /\/protected_branches\/main$/, () => (state.isProtected ? { name: 'main' } : undefined)],
    [
      'GET',
      /\/merge_requests$/,
      ({ query }) => state.mergeRequests.filter((each) => isListed(each, query)).toReversed(),
    ],
    ['POST', /\/merge_requests$/, ({ body }) => added(state.mergeRequests, mergeRequest(13, body['source_branch']))],
    ['GET', /\/merge_requests\/(\d+)$/, (_, part) => state.mergeRequests.find(({ iid }) => iid === Number(part))],
    ['PUT', /\/merge_requests\/12$/, ({ body }) => changed(state.mergeRequests, 0, body)],
    ['GET', /\/merge_requests\/12\/diffs$/, () => [{ old_path: 'a.py', new_path: 'b.py' }]],
    ['GET', /\/merge_requests\/12\/changes$/, () => ({ changes: [{ old_path: 'a.py', new_path: 'b.py' }] })],
    ['GET', /\/merge_requests\/12\/pipelines$/, () => [pipeline(90, 'merge_request_event')]],
    ['GET', /\/merge_requests\/12\/notes$/, () => [...state.notes].toReversed()],
    ['POST', /\/merge_requests\/12\/notes$/, ({ body }) => added(state.notes, note(state.notes.length + 1, body))],
    ['PUT', /\/merge_requests\/12\/notes\/2$/, ({ body }) => changed(state.notes, 1, body)],
    ['GET', /\/pipelines$/, () => [...state.pipelines].toReversed()],
    ['POST', /\/pipeline$/, () => added(state.pipelines, pipeline(101, 'api'))],
    ['GET', /\/pipelines\/100$/, () => state.pipelines[0]],
    ['POST', /\/pipelines\/100\/cancel$/, () => changed(state.pipelines, 0, { status: 'canceled' })],
    ['GET', /\/pipelines\/100\/jobs$/, () => state.jobs],
    ['GET', /\/pipelines\/100\/bridges$/, () => []],
    ['GET', /\/pipelines\/100\/test_report$/, () => report],
    ['GET', /\/jobs\/(\d+)$/, (_, part) => state.jobs.find(({ id }) => id === Number(part))],
    ['POST', /\/jobs\/1000\/retry$/, () => added(state.jobs, job(1002, 'pending'))],
    ['POST', /\/jobs\/1001\/play$/, () => changed(state.jobs, 1, { status: 'pending' })],
    ['GET', /\/ci\/lint$/, () => ({ valid: true, errors: [], warnings: ['w'], merged_yaml: 'a: {}' })],
  ]
}

const branch = { name: 'main', commit: { id: sha }, protected: true, can_push: false }

const report = {
  test_suites: [
    {
      name: 'test',
      test_cases: [
        { name: 'adds', classname: 'Calc', status: 'failed', system_output: { message: 'boom', type: 'E' } },
        { name: 'subtracts', classname: 'Calc', status: 'success', system_output: null },
        { name: 'divides', classname: 'Calc', status: 'failed', system_output: 'by zero', stack_trace: 'at line 1' },
      ],
    },
  ],
}

function isMeant({ id, path_with_namespace: path }: Thing, part: string): boolean {
  return part === String(id) || decodeURIComponent(part) === path
}

function isListed({ source_branch: branch, state }: Thing, query: URLSearchParams): boolean {
  return branch === query.get('source_branch') && ['all', state].includes(query.get('state'))
}

function made({ path }: Thing, like: Thing): Thing {
  return { ...like, id: 2, path_with_namespace: `tools/qa/${String(path)}`, empty_repo: true, default_branch: null }
}

/** A merge request as the host writes it. */
export function mergeRequest(iid: number, branch: unknown): Thing {
  return {
    iid,
    source_project_id: 1,
    title: 'Draft: repair',
    description: null,
    draft: true,
    state: 'opened',
    source_branch: branch,
    target_branch: 'main',
    sha,
    web_url: 'https://gitlab.example.com/mr',
    detailed_merge_status: 'draft_status',
    head_pipeline: null,
  }
}

function note(id: number, { body }: Thing): Thing {
  return { id, body, author: { username: 'greenloop-bot' } }
}

function pipeline(id: number, source: string): Thing {
  return { id, project_id: 1, sha, ref: 'main', status: 'running', source, web_url: 'https://gitlab.example.com/p' }
}

function job(id: number, status: string): Thing {
  return {
    id,
    name: 'test',
    stage: 'test',
    status,
    allow_failure: false,
    failure_reason: status === 'failed' ? 'script_failure' : null,
    web_url: 'https://gitlab.example.com/j',
    started_at: '2026-11-21T05:00:00.000Z',
    finished_at: null,
    pipeline: { id: 100, project_id: 1 },
  }
}

function added(list: Thing[], thing: Thing): Thing {
  list.push(thing)
  return thing
}

function changed(list: Thing[], at: number, change: Thing): Thing | undefined {
  const there = list[at]
  if (there === undefined) return undefined
  const thing = { ...there, ...change }
  list[at] = thing
  return thing
}
