import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Forge } from '../domain/forge.ts'
import { canary, clientOf, startServer } from './gitlab.fixture.ts'
import type { Reply, Seen } from './gitlab.fixture.ts'
import { createWorld } from './gitlab-world.fixture.ts'

const { signal } = new AbortController()
const at = { projectId: 1, iid: 12 }
const request = { sourceBranch: 'greenloop/x', targetBranch: 'main', title: 'Draft: x', description: 'd' }

interface PortCall {
  /** The request that meets the fault. */
  readonly target: RegExp
  readonly run: (forge: Forge) => Promise<unknown>
  /** What a 404 means, `forge_not_found` unless set. */
  readonly missing?: 'fine'
  /** The answer is no JSON. */
  readonly isText?: true
}

const reads: Readonly<Record<string, PortCall>> = {
  identify: { target: /^GET \/user$/, run: (forge) => forge.identify(signal) },
  'findProject by number': {
    target: /^GET \/projects\/1$/,
    run: (forge) => forge.findProject('1', signal),
    missing: 'fine',
  },
  'findProject by path': {
    target: /^GET \/projects\/tools%2Fqa%2Fcalculator$/,
    run: (forge) => forge.findProject('tools/qa/calculator', signal),
    missing: 'fine',
  },
  searchProjects: { target: /^GET \/projects$/, run: (forge) => forge.searchProjects('calc', signal) },
  findBranch: {
    target: /^GET .*\/branches\/main$/,
    run: (forge) => forge.findBranch(1, 'main', signal),
    missing: 'fine',
  },
  findMergeRequest: {
    target: /^GET .*\/merge_requests$/,
    run: (forge) => forge.findMergeRequest(1, 'other', signal),
  },
  mergeRequest: {
    target: /^GET .*\/merge_requests\/12$/,
    run: (forge) => forge.mergeRequest(1, 12, signal),
    missing: 'fine',
  },
  changedPaths: { target: /^GET .*\/diffs$/, run: (forge) => forge.changedPaths(at, signal), missing: 'fine' },
  pipelines: { target: /^GET .*\/1\/pipelines$/, run: (forge) => forge.pipelines(1, {}, signal) },
  pipeline: { target: /^GET .*\/pipelines\/100$/, run: (forge) => forge.pipeline(1, 100, signal) },
  jobs: { target: /^GET .*\/100\/jobs$/, run: (forge) => forge.jobs(1, 100, signal) },
  trace: { target: /^GET .*\/trace$/, run: (forge) => forge.trace(1, 1000, signal), isText: true },
  testReport: { target: /^GET .*\/test_report$/, run: (forge) => forge.testReport(1, 100, signal) },
  lint: { target: /^GET .*\/lint$/, run: (forge) => forge.lint(1, 'main', signal), missing: 'fine' },
}

const changes: Readonly<Record<string, PortCall>> = {
  createProject: {
    target: /^POST \/projects$/,
    run: (forge) => forge.createProject({ path: 'tools/qa/new', visibility: 'private' }, signal),
  },
  protectBranch: {
    target: /^POST .*\/protected_branches$/,
    run: (forge) => forge.protectBranch(1, 'main', signal),
  },
  openMergeRequest: {
    target: /^POST .*\/merge_requests$/,
    run: (forge) => forge.openMergeRequest(1, request, signal),
  },
  updateMergeRequest: {
    target: /^PUT .*\/merge_requests\/12$/,
    run: (forge) => forge.updateMergeRequest(at, { title: 'done', description: 'all of it' }, signal),
  },
  putNote: {
    target: /^POST .*\/notes$/,
    run: (forge) => forge.putNote(at, { marker: '<!-- mark -->', body: 'x <!-- mark -->' }, signal),
  },
  createPipeline: { target: /^POST .*\/pipeline$/, run: (forge) => forge.createPipeline(1, 'main', signal) },
  cancelPipeline: { target: /^POST .*\/cancel$/, run: (forge) => forge.cancelPipeline(1, 100, signal) },
  retryJob: { target: /^POST .*\/retry$/, run: (forge) => forge.retryJob(1, 1000, signal) },
  playJob: { target: /^POST .*\/play$/, run: (forge) => forge.playJob(1, 1001, signal) },
}

interface Row {
  readonly reply: Reply
  readonly code: string
  /** Whether it is tried again. */
  readonly isPassing?: true
}

const faults: Readonly<Record<string, Row>> = {
  '400': { reply: { status: 400, json: { message: { base: ['bad'], ref: ['is missing'] } } }, code: 'forge_rejected' },
  '401': { reply: { status: 401, json: { message: '401 Unauthorized' } }, code: 'forge_auth_failed' },
  '403': { reply: { status: 403, json: { error: 'insufficient_scope' } }, code: 'forge_auth_failed' },
  '404': { reply: { status: 404, json: { message: '404 Not Found' } }, code: 'forge_not_found' },
  '405': { reply: { status: 405, text: '' }, code: 'forge_rejected' },
  '408': { reply: { status: 408, text: '' }, code: 'forge_unavailable', isPassing: true },
  '409': { reply: { status: 409, json: { message: ['Conflict'] } }, code: 'forge_rejected' },
  '409 lock': {
    reply: { status: 409, json: { message: '409 Conflict: Resource lock' } },
    code: 'forge_unavailable',
    isPassing: true,
  },
  '422': { reply: { status: 422, json: { message: 'no' } }, code: 'forge_rejected' },
  '429': { reply: { status: 429, text: 'Retry later' }, code: 'forge_rate_limited', isPassing: true },
  '500': { reply: { status: 500, json: { message: '500' } }, code: 'forge_unavailable', isPassing: true },
  '502': { reply: { status: 502, text: '<html>bad gateway</html>' }, code: 'forge_unavailable', isPassing: true },
  '503': { reply: { status: 503, text: '' }, code: 'forge_unavailable', isPassing: true },
  '504': { reply: { status: 504, text: '' }, code: 'forge_unavailable', isPassing: true },
  reset: { reply: { fault: 'reset' }, code: 'forge_unavailable', isPassing: true },
  cut: { reply: { json: { id: 1, name: 'x'.repeat(1000) }, fault: 'cut' }, code: 'forge_unavailable', isPassing: true },
  silence: { reply: { fault: 'silent' }, code: 'forge_unavailable', isPassing: true },
  redirect: {
    reply: { status: 302, headers: { location: 'https://elsewhere.example.com/' } },
    code: 'forge_garbled',
  },
  garbage: { reply: { text: '<html>Sign in</html>' }, code: 'forge_garbled' },
  'another shape': { reply: { json: { hello: [1] } }, code: 'forge_garbled' },
}

function isMet({ target }: PortCall, { method, path }: Seen): boolean {
  return target.test(`${method} ${path}`)
}

const timeoutOf = (fault: string): number => (fault === 'silence' ? 250 : 60_000)

/** Runs a call against a server whose target always fails; gives the code or `fine`, and the attempts at the target. */
async function sweep(name: string, call: PortCall, fault: Row) {
  const world = createWorld()
  await using server = await startServer((seen) => (isMet(call, seen) ? fault.reply : world.answer(seen)))
  await using client = clientOf(server.url, { requestTimeoutMs: timeoutOf(name) })
  const ended = await call.run(client.forge).then(
    () => ({ code: 'fine' }),
    (error: unknown) => error as { readonly code: string },
  )
  const asked = client.lines.map((line) => line.split(' ', 2).join(' ').split('?')[0])
  return { code: ended.code, asked: asked.filter((each) => call.target.test(each ?? '')).length, error: ended }
}

/** A trace is any text, and one that lies elsewhere is fetched there. Where a call asks twice, silence would be a race. */
function isFitting({ isText, target }: PortCall, fault: string): boolean {
  if (fault === 'silence') return target.source.startsWith('^GET')
  return isText !== true || !['garbage', 'another shape', 'redirect'].includes(fault)
}

type Calls = readonly (readonly [name: string, call: PortCall])[]

const changeList: Calls = Object.entries(changes)
const allCalls: Calls = [...Object.entries(reads), ...changeList]

describe('a call that always meets the same fault ends as it should, after as many requests as it should', () => {
  it.concurrent.each(allCalls)('%s', async (_, call) => {
    const fitting = Object.entries(faults).filter(([name]) => isFitting(call, name))
    const rows = fitting.map(async ([name, fault]) => {
      const { code, asked, error } = await sweep(name, call, fault)
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(canary)
      return [name, { code, asked }]
    })
    const expected = fitting.map(([name, fault]) => {
      const isFine = name === '404' ? call.missing : undefined
      return [name, { code: isFine ?? fault.code, asked: fault.isPassing === true ? 3 : 1 }]
    })
    expect(Object.fromEntries(await Promise.all(rows))).toEqual(Object.fromEntries(expected))
  })
})

/** Faults after which nobody knows what became of the request. */
const unsure = Object.entries(faults).filter(
  ([name, { code }]) => code === 'forge_unavailable' && !/lock|cut|silence/.test(name),
)

async function madeTimes(call: PortCall, answer: (seen: Seen, isMet: boolean) => Reply): Promise<number> {
  await using server = await startServer((seen) => answer(seen, isMet(call, seen)))
  await using client = clientOf(server.url, { requestTimeoutMs: 60_000 })
  await call.run(client.forge)
  return server.requests.filter((seen) => isMet(call, seen)).length
}

describe('a change whose answer is lost', () => {
  it.concurrent.each(changeList)('%s: is not made again where it was carried out', async (_, call) => {
    for (const [name, { reply }] of unsure) {
      const world = createWorld()
      const made = await madeTimes(call, (seen, isTarget) => {
        const answer = world.answer(seen)
        return isTarget ? reply : answer
      })
      expect({ name, made }).toEqual({ name, made: 1 })
    }
  })

  it.concurrent.each(changeList)('%s: is made again where it was not', async (_, call) => {
    for (const [name, { reply }] of unsure) {
      const world = createWorld()
      let left = 1
      const made = await madeTimes(call, (seen, isTarget) => (isTarget && left-- > 0 ? reply : world.answer(seen)))
      expect({ name, made }).toEqual({ name, made: 2 })
    }
  })

  it('because the host fell silent is not made again where it was carried out', async () => {
    const world = createWorld()
    await using server = await startServer((seen) => {
      const answer = world.answer(seen)
      return seen.method === 'POST' ? { fault: 'silent' } : answer
    })
    await using client = clientOf(server.url, { requestTimeoutMs: 2000 })
    expect((await client.forge.createPipeline(1, 'main', signal)).id).toBe(101)
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })
})
