import { describe, expect, it } from 'vitest'
import { clientOf, startServer } from './gitlab.fixture.ts'
import type { Reply, Seen } from './gitlab.fixture.ts'
import { createWorld, mergeRequest, sha } from './gitlab-world.fixture.ts'

const { signal } = new AbortController()
const at = { projectId: 1, iid: 12 }

/** A world in which `own` answers first. */
async function startWorld(own: (seen: Seen) => Reply | undefined = () => undefined) {
  const world = createWorld()
  const server = await startServer((seen) => own(seen) ?? world.answer(seen))
  const client = clientOf(server.url)
  return {
    ...world,
    server,
    forge: client.forge,
    [Symbol.asyncDispose]: async () => {
      await client.forge.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

describe('projects', () => {
  it('are read with the larger of both roles, and cloned from the host that has the token', async () => {
    await using world = await startWorld()
    expect(await world.forge.findProject('tools/qa/calculator', signal)).toEqual({
      id: 1,
      path: 'tools/qa/calculator',
      defaultBranch: 'main',
      webUrl: 'https://gitlab.example.com/tools/qa/calculator',
      cloneUrl: `${world.server.url}/tools/qa/calculator.git`,
      isArchived: false,
      isEmpty: false,
      accessLevel: 40,
      ciConfigPath: '.gitlab-ci.yml',
    })
  })

  it('are found by a search where a proxy decodes slashes', async () => {
    await using world = await startWorld(({ path }) => (path.includes('%2F') ? { status: 404 } : undefined))
    expect((await world.forge.findProject('Tools/QA/calculator', signal))?.id).toBe(1)
    expect(await world.forge.findProject('other/calculator', signal)).toBeUndefined()
    expect(world.server.requests.at(-1)?.query.get('search')).toBe('calculator')
  })

  it('are made in their group', async () => {
    await using world = await startWorld()
    const made = await world.forge.createProject({ path: 'tools/qa/new', visibility: 'private' }, signal)
    expect(made).toMatchObject({ path: 'tools/qa/new', isEmpty: true, defaultBranch: undefined })
    expect(world.server.requests.at(-1)?.body).toEqual({
      name: 'new',
      path: 'new',
      visibility: 'private',
      initialize_with_readme: true,
      namespace_id: 7,
    })
  })

  it('are not made where their group is missing', async () => {
    await using world = await startWorld(({ path }) => (path === '/namespaces' ? { json: [] } : undefined))
    await expect(
      world.forge.createProject({ path: 'nowhere/new', visibility: 'private' }, signal),
    ).rejects.toMatchObject({ code: 'forge_not_found', message: expect.stringContaining('the group nowhere') })
    expect(world.server.requests.some(({ method }) => method === 'POST')).toBe(false)
  })
})

it('an identity without scopes is one whose token does not tell', async () => {
  await using world = await startWorld(({ path }) => (path.startsWith('/personal') ? { status: 404 } : undefined))
  expect(await world.forge.identify(signal)).toEqual({ username: 'greenloop-bot' })
})

it('a branch is protected once', async () => {
  await using world = await startWorld(({ method, path }) =>
    method === 'POST' && path.endsWith('/protected_branches')
      ? { status: 409, json: { message: 'exists' } }
      : undefined,
  )
  await expect(world.forge.protectBranch(1, 'main', signal)).rejects.toMatchObject({ code: 'forge_rejected' })
  world.state.isProtected = true
  await world.forge.protectBranch(1, 'main', signal)
})

it('a commit that is no hash is garbage', async () => {
  await using world = await startWorld(() => ({ json: { name: 'main', commit: { id: '--upload-pack=evil' } } }))
  await expect(world.forge.findBranch(1, 'main', signal)).rejects.toMatchObject({ code: 'forge_garbled' })
})

describe('merge requests', () => {
  const request = { sourceBranch: 'other', targetBranch: 'main', title: 't', description: 'd' }

  it('are given back where one is open for the branch', async () => {
    await using world = await startWorld()
    expect((await world.forge.openMergeRequest(1, request, signal)).iid).toBe(12)
    expect(world.server.requests).toHaveLength(1)
  })

  it('from a fork are not ours, however their branch is called', async () => {
    await using world = await startWorld()
    world.state.mergeRequests.push({ ...mergeRequest(50, 'other'), source_project_id: 666 })
    expect((await world.forge.findMergeRequest(1, 'other', signal))?.iid).toBe(12)
    expect((await world.forge.openMergeRequest(1, request, signal)).iid).toBe(12)
  })

  it('that a refusal names are given back', async () => {
    let isFirst = true
    await using world = await startWorld(({ method, path }) => {
      if (!path.endsWith('/merge_requests')) return undefined
      if (method === 'GET' && isFirst) {
        isFirst = false
        return { json: [] }
      }
      const message = ['Another open merge request already exists for this source branch: !12']
      return method === 'POST' ? { status: 409, json: { message } } : undefined
    })
    expect((await world.forge.openMergeRequest(1, request, signal)).iid).toBe(12)
  })

  it('are read from hosts old and new', async () => {
    const head = { id: 5, sha, status: 'success', more: 1 }
    await using world = await startWorld(() => ({
      json: {
        ...mergeRequest(12, 'other'),
        draft: undefined,
        detailed_merge_status: undefined,
        merge_status: 'can_be_merged',
        head_pipeline: head,
        web_url: 'javascript:alert(1)',
      },
    }))
    expect(await world.forge.mergeRequest(1, 12, signal)).toMatchObject({
      isDraft: true,
      description: '',
      mergeStatus: 'can_be_merged',
      headPipeline: { id: 5, sha, status: 'success' },
      webUrl: '',
    })
  })

  it('tell both paths of a renamed file', async () => {
    await using world = await startWorld()
    expect(await world.forge.changedPaths(at, signal)).toEqual(['a.py', 'b.py'])
  })
})

describe('the one comment', () => {
  const write = { marker: '<!-- mark -->', body: 'first <!-- mark -->' }

  it('is written, then changed, and not touched where it is the same; comments of others with the marker stay', async () => {
    await using world = await startWorld()
    await world.forge.putNote(at, write, signal)
    await world.forge.putNote(at, { ...write, body: 'second <!-- mark -->' }, signal)
    await world.forge.putNote(at, { ...write, body: 'second <!-- mark -->' }, signal)
    expect(world.state.notes.map(({ body }) => body)).toEqual(['hello <!-- mark -->', 'second <!-- mark -->'])
    expect(world.server.lines().filter((line) => !line.startsWith('GET'))).toEqual([
      'POST /projects/1/merge_requests/12/notes',
      'PUT /projects/1/merge_requests/12/notes/2',
    ])
  })

  it('is looked for among the newest two hundred', async () => {
    const page = Array.from({ length: 100 }, (_, index) => ({ id: index + 1, body: 'chatter' }))
    await using world = await startWorld(({ method, path }) =>
      method === 'GET' && path.endsWith('/notes')
        ? { json: page, headers: { link: '<https://elsewhere.example.com/x?page=2>; rel="next"' } }
        : undefined,
    )
    await world.forge.putNote(at, write, signal)
    expect(world.server.lines().filter((line) => /GET .*notes/.test(line))).toHaveLength(2)
  })
})

describe('pipelines', () => {
  it('of a branch and of its merge request come together, newest first', async () => {
    await using world = await startWorld()
    const found = await world.forge.pipelines(1, { ref: 'main', mergeRequest: 12, sha }, signal)
    expect(found.map(({ id, source }) => [id, source])).toEqual([
      [100, 'push'],
      [90, 'merge_request_event'],
    ])
  })

  it('with a bad description are rejected in the words of the host', async () => {
    await using world = await startWorld(({ method }) =>
      method === 'POST' ? { status: 400, json: { message: { base: ['jobs:test script is missing'] } } } : undefined,
    )
    await expect(world.forge.createPipeline(1, 'main', signal)).rejects.toMatchObject({
      code: 'forge_rejected',
      message: 'POST /projects/1/pipeline: 400: jobs:test script is missing',
    })
  })
})

it('what a report says of a failure may be a text or an object', async () => {
  await using world = await startWorld()
  const { tests } = await world.forge.testReport(1, 100, signal)
  expect(tests.map(({ name, output }) => [name, output])).toEqual([
    ['adds', 'boom\nE'],
    ['subtracts', undefined],
    ['divides', 'by zero\nat line 1'],
  ])
})

it('a check of the description gives it whole', async () => {
  await using world = await startWorld()
  expect(await world.forge.lint(1, 'greenloop/x', signal)).toEqual({
    isValid: true,
    errors: [],
    warnings: ['w'],
    merged: 'a: {}',
  })
  expect(Object.fromEntries(world.server.requests[0]?.query ?? [])).toEqual({
    content_ref: 'greenloop/x',
    dry_run: 'false',
    include_jobs: 'false',
  })
})
