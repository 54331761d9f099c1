import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientOf, startServer } from './gitlab.fixture.ts'
import type { Reply } from './gitlab.fixture.ts'
import { nextPage } from './gitlab-pages.ts'

const { signal } = new AbortController()

interface Pipeline {
  readonly jobs?: readonly (readonly [id: number, name: string])[]
  readonly bridges?: readonly (readonly [id: number, projectId: number, pipelineId: number])[]
  readonly status?: number
}

/** A host of these pipelines, `PROJECT/PIPELINE` each; the others have no jobs. */
async function startPipelines(pipelines: Readonly<Record<string, Pipeline>>) {
  const server = await startServer(({ path }): Reply => {
    const [, project = '', pipeline = '', kind = ''] = /^\/projects\/(\d+)\/pipelines\/(\d+)\/(\w+)$/.exec(path) ?? []
    const { jobs = [], bridges = [], status = 200 } = pipelines[`${project}/${pipeline}`] ?? {}
    if (status !== 200) return { status }
    if (kind === 'jobs') return { json: jobs.map(([id, name]) => ({ id, name, stage: 'test', status: 'failed' })) }
    return {
      json: bridges.map(([id, projectId, pipelineId]) => ({
        id,
        name: `bridge ${id}`,
        status: 'success',
        downstream_pipeline: { id: pipelineId, project_id: projectId, status: 'failed' },
      })),
    }
  })
  const client = clientOf(server.url)
  return {
    server,
    jobs: () => client.forge.jobs(1, 1, signal),
    [Symbol.asyncDispose]: async () => {
      await client.forge.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

describe('jobs', () => {
  it('of child and downstream pipelines come along, each with where it stands', async () => {
    await using host = await startPipelines({
      '1/1': { jobs: [[10, 'build']], bridges: [[11, 1, 2]] },
      '1/2': { jobs: [[20, 'child']], bridges: [[21, 7, 3]] },
      '7/3': { jobs: [[30, 'other project']] },
    })
    const jobs = await host.jobs()
    expect(jobs.map(({ id, projectId, pipelineId, kind }) => [id, projectId, pipelineId, kind])).toEqual([
      [10, 1, 1, 'job'],
      [11, 1, 1, 'bridge'],
      [20, 1, 2, 'job'],
      [21, 1, 2, 'bridge'],
      [30, 7, 3, 'job'],
    ])
    expect(jobs[1]?.downstream).toEqual({ projectId: 1, pipelineId: 2, status: 'failed' })
  })

  it('that another one of the same name and pipeline replaced are marked', async () => {
    await using host = await startPipelines({
      '1/1': {
        jobs: [
          [10, 'a'],
          [12, 'a'],
          [11, 'b'],
        ],
        bridges: [[13, 1, 2]],
      },
      '1/2': { jobs: [[99, 'a']] },
    })
    const retried = (await host.jobs()).filter(({ isRetried }) => isRetried)
    expect(retried.map(({ id }) => id)).toEqual([10])
  })

  it.each([403, 404])('that may not be seen (%i) are left with their bridge', async (status) => {
    await using host = await startPipelines({ '1/1': { jobs: [[10, 'a']], bridges: [[11, 7, 2]] }, '7/2': { status } })
    expect((await host.jobs()).map(({ id }) => id)).toEqual([10, 11])
  })

  it('of a downstream pipeline are not left out because the host is down', async () => {
    await using host = await startPipelines({ '1/1': { bridges: [[11, 7, 2]] }, '7/2': { status: 500 } })
    await expect(host.jobs()).rejects.toMatchObject({ code: 'forge_unavailable' })
  })

  it('of pipelines that start each other are read once', async () => {
    await using host = await startPipelines({ '1/1': { bridges: [[11, 1, 2]] }, '1/2': { bridges: [[21, 1, 1]] } })
    expect((await host.jobs()).map(({ id }) => id)).toEqual([11, 21])
  })

  it('are looked for three levels deep, in at most twenty pipelines', async () => {
    const deep = Object.fromEntries(
      Array.from({ length: 9 }, (_, level) => [`1/${level + 1}`, { bridges: [[level + 1, 1, level + 2]] as const }]),
    )
    await using chain = await startPipelines(deep)
    expect(await chain.jobs()).toHaveLength(4)
    const many = Array.from({ length: 50 }, (_, index) => [index + 1, 1, index + 2] as const)
    await using fan = await startPipelines({ '1/1': { bridges: many } })
    await fan.jobs()
    expect(fan.server.requests).toHaveLength(40)
  })
})

describe('pages', () => {
  const job = (id: number) => ({ id, name: `job ${id}`, status: 'success' })

  it('are followed to the last one, always on the same host', async () => {
    await using server = await startServer(({ path, query }) => {
      if (!path.endsWith('/jobs')) return { json: [] }
      const after = Number(query.get('id_after') ?? 0)
      const link = `<https://evil.example.com/other?id_after=${after + 1}&per_page=100>; rel="next", </x>; rel="first"`
      return { json: [job(after + 1)], headers: after < 4 ? { link } : { link: '</x>; rel="first"' } }
    })
    await using client = clientOf(server.url)
    expect((await client.forge.jobs(1, 1, signal)).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5])
    expect(new Set(server.lines())).toEqual(
      new Set(['GET /projects/1/pipelines/1/jobs', 'GET /projects/1/pipelines/1/bridges']),
    )
    expect(server.requests[1]?.query.get('include_retried')).toBe('true')
  })

  it('without end are given up', async () => {
    await using server = await startServer(() => ({ json: [], headers: { link: '<?page=2>; rel=next' } }))
    await using client = clientOf(server.url)
    await expect(client.forge.jobs(1, 1, signal)).rejects.toMatchObject({ code: 'forge_garbled' })
    expect(server.requests).toHaveLength(100)
  })

  it.each([
    [{ link: '</x?page=2>; rel="next"' }, { page: '2' }],
    [{ link: '</x?page=2>; rel=next; title=x' }, { page: '2' }],
    [{ link: '</x?page=2>; rel="prev", </x?cursor=a%2Cb>; rel="next"' }, { cursor: 'a,b' }],
    [{ link: '</x?page=2>; rel="nextish"' }, undefined],
    [{ 'x-next-page': '3' }, { page: '3' }],
    [{ 'x-next-page': '' }, undefined],
    [{ link: '', 'x-next-page': '3' }, undefined],
    [{}, undefined],
  ])('are named by %j', (headers, expected) => {
    expect(nextPage(headers)).toEqual(expected)
  })

  it('are named by nothing that takes long to read', () => {
    fc.assert(
      fc.property(fc.string(), (link) => {
        nextPage({ link })
        nextPage({ link: `<${link}>; rel="next"` })
      }),
    )
    expect(nextPage({ link: '<;rel='.repeat(1_000_000) })).toBeUndefined()
  })
})
