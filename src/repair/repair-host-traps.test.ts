import { describe, expect, it } from 'vitest'
import type { Forge, ForgeJob } from '../domain/forge.ts'
import { GreenloopError } from '../domain/errors.ts'
import { createBench, goodFix, sumScript } from './repair.fixture.ts'
import type { Bench } from './repair.fixture.ts'
import type { Script } from './repair-host.fixture.ts'

/** The bench with some calls of its host in another way. */
function withForge(
  bench: Bench,
  change: (forge: Forge) => Partial<Forge>,
): { readonly world: { readonly forge: Forge } } {
  return { world: { forge: { ...bench.host.forge, ...change(bench.host.forge) } } }
}

describe('a host as it is', () => {
  it('may make a second pipeline for the merge request: both have to be green', async () => {
    // The pipeline of the merge request passes at once; the one of the branch does not.
    const script: Script = (at) => (at.ref.startsWith('refs/') ? [{ name: 'quick', status: 'success' }] : sumScript(at))
    const bench = createBench(script, () => goodFix)
    const { host } = bench
    const twice = withForge(bench, (forge) => ({
      pipelines: async (projectId, query, signal) => {
        const head = host.git.branches.get([...host.git.branches.keys()].find((name) => name !== 'main') ?? '')
        const ref = 'refs/merge-requests/1/head'
        if (query.mergeRequest !== undefined && query.sha === head && head !== undefined) {
          host.git.branches.set(ref, head)
          const isThere = host.pipelines.some((pipeline) => pipeline.ref === ref && pipeline.sha === head)
          if (!isThere) Object.assign(host.start(ref), { source: 'merge_request_event' })
          host.git.branches.delete(ref)
        }
        return forge.pipelines(projectId, query, signal)
      },
    }))
    const state = await bench.run(twice)
    expect(state).toMatchObject({ end: 'succeeded' })
    expect(state.rounds.map(({ outcome }) => outcome)).toEqual(['green'])
    expect(bench.prompts).toHaveLength(1)
  })

  it('may show the old failure of a job for a while after it was run again', async () => {
    const script: Script = ({ runs }) => [
      {
        name: 'test',
        status: runs('test') === 0 ? 'failed' : 'success',
        failureReason: 'script_failure',
        trace: 'E x',
      },
    ]
    const bench = createBench(script, () => 'never asked')
    let stale = 0
    const lagging = withForge(bench, (forge) => ({
      pipeline: async (...args) => {
        const isStale = bench.life.effects.includes('retryJob') && stale++ < 4
        return { ...(await forge.pipeline(...args)), ...(isStale ? { status: 'failed' } : {}) }
      },
      jobs: async (...args) => {
        const jobs = await forge.jobs(...args)
        const isStale = bench.life.effects.includes('retryJob') && stale < 4
        return isStale ? jobs.filter(({ isRetried }) => isRetried).map((job) => ({ ...job, isRetried: false })) : jobs
      },
    }))
    expect(await bench.run(lagging)).toMatchObject({ end: 'succeeded', flaky: ['test'] })
    expect(stale).toBeGreaterThanOrEqual(4)
  })

  it('may not let a job be run again: the model is asked then', async () => {
    const bench = createBench(sumScript, () => goodFix)
    const state = await bench.run(
      withForge(bench, () => ({
        retryJob: async () => {
          throw new GreenloopError('forge_auth_failed', 'the job is not retryable')
        },
      })),
    )
    expect(state).toMatchObject({ end: 'succeeded', notes: ['test could not be run again: the job is not retryable'] })
  })

  it('may want no merge request without a change: it is opened with the first patch', async () => {
    const bench = createBench(sumScript, () => goodFix)
    const { host } = bench
    const state = await bench.run(
      withForge(bench, (forge) => ({
        openMergeRequest: async (projectId, request, signal) => {
          const isEmpty = host.git.branches.get(request.sourceBranch) === host.git.branches.get('main')
          if (isEmpty) throw new GreenloopError('forge_rejected', 'no change')
          return forge.openMergeRequest(projectId, request, signal)
        },
      })),
    )
    expect(state.end).toBe('succeeded')
    expect(host.requests.map(({ title }) => title)).toEqual(['Repair the pipeline of main'])
  })

  it('may not take the comment for a while: the run goes on, and the end is told when it does', async () => {
    const bench = createBench(sumScript, () => goodFix)
    let count = 0
    const state = await bench.run(
      withForge(bench, (forge) => ({
        putNote: async (...args) => {
          if (++count <= 2) throw new GreenloopError('forge_unavailable', 'down')
          return forge.putNote(...args)
        },
      })),
    )
    expect(state.end).toBe('succeeded')
    expect([...bench.host.notes.values()].join('')).toContain('the pipeline is green')
  })

  it('may never answer again: what is left takes ten seconds and the end stands', async () => {
    const bench = createBench(
      () => [{ name: 'test', status: 'running' }],
      () => goodFix,
      { totalTimeoutMs: 60_000 },
    )
    const begin = bench.clock.now()
    const state = await bench.run(
      withForge(bench, (forge) => ({
        cancelPipeline: () => new Promise(() => undefined),
        putNote: (...args) =>
          bench.clock.now() - begin > 50_000 ? new Promise(() => undefined) : forge.putNote(...args),
      })),
    )
    expect(state.end).toBe('timed_out')
    expect(bench.clock.now() - begin).toBeLessThan(75_000)
  })

  it('repairs the source branch of a merge request that is named', async () => {
    const bench = createBench(sumScript, () => goodFix)
    const { git } = bench.host
    git.branches.set('feature/sum', git.branches.get('main') ?? '')
    git.put('feature/sum', { 'src/extra.py': 'y = 2\n' })
    const request = { sourceBranch: 'feature/sum', targetBranch: 'main', title: 'Sum', description: '' }
    await bench.host.forge.openMergeRequest(7, request, new AbortController().signal)
    const state = await bench.run({
      target: { mergeRequest: 1 },
      ...withForge(bench, () => ({ changedPaths: async () => ['src/extra.py'] })),
    })
    expect(state).toMatchObject({ end: 'succeeded', targetBranch: 'feature/sum' })
    expect(state.branch).toMatch(/^greenloop\/feature-sum-/)
    expect(bench.host.requests[1]).toMatchObject({ targetBranch: 'feature/sum' })
    expect(bench.prompts[0]?.user).toContain('y = 2')
  })
})

describe('jobs that a further push leaves out', () => {
  const run = async (isWhole: boolean) => {
    let isByHand = false
    const bench = createBench(
      (at) => [
        ...sumScript(at),
        ...(bench.host.git.pushes.length < 2 || isByHand ? [{ name: 'docs', status: 'success' as const }] : []),
      ],
      () => goodFix,
      { rounds: 1 },
    )
    const started: string[] = []
    const state = await bench.run(
      withForge(bench, (forge) => ({
        createPipeline: async (projectId, ref, signal) => {
          isByHand = isWhole
          const made = await forge.createPipeline(projectId, ref, signal)
          started.push(made.sha)
          const kept = bench.host.pipelines.find(({ id }) => id === made.id)
          if (kept !== undefined) Object.assign(kept, { source: 'api' })
          return made
        },
      })),
    )
    return { state, started }
  }

  it('run in a pipeline that is started by hand, once', async () => {
    const { state, started } = await run(true)
    expect(state).toMatchObject({ end: 'succeeded', rounds: [{ outcome: 'green' }] })
    expect(started).toEqual([state.pushedSha])
  })

  it('are lost where that leaves them out, too', async () => {
    const { state, started } = await run(false)
    expect(state).toMatchObject({ end: 'gave_up', reason: expect.stringContaining('docs ran before') as string })
    expect(started).toHaveLength(1)
  })
})

describe('the tests that a green pipeline ran', () => {
  it('may be told late: they are looked for again before they count as lost', async () => {
    const bench = createBench(sumScript, () => goodFix)
    let looks = 0
    const state = await bench.run(
      withForge(bench, (forge) => ({
        testReport: async (...args) => {
          const isLate = bench.host.git.pushes.length === 2 && ++looks <= 2
          return isLate ? { tests: [] } : forge.testReport(...args)
        },
      })),
    )
    expect(state.end).toBe('succeeded')
    expect(looks).toBe(3)
  })

  it('stand in jobs that may be shown as they were before: those are looked for again, too', async () => {
    const bench = createBench(
      (at) => [...sumScript(at), { name: 'approve', status: 'success' }],
      () => goodFix,
    )
    let looks = 0
    const state = await bench.run(
      withForge(bench, (forge) => ({
        jobs: async (...args) => {
          const jobs = await forge.jobs(...args)
          const isStale = bench.host.git.pushes.length === 2 && ++looks <= 3
          const stale = (job: ForgeJob): ForgeJob => ({ ...job, status: 'manual', allowFailure: true })
          return jobs.map((job) => (isStale && job.name === 'approve' ? stale(job) : job))
        },
      })),
    )
    expect(state).toMatchObject({ end: 'succeeded', rounds: [{ outcome: 'green' }] })
    expect(looks).toBeGreaterThan(3)
  })

  it('are missing where they never come', async () => {
    const bench = createBench(sumScript, () => goodFix, { rounds: 1 })
    const state = await bench.run(
      withForge(bench, (forge) => ({
        testReport: async (...args) => (bench.host.git.pushes.length === 2 ? { tests: [] } : forge.testReport(...args)),
      })),
    )
    expect(state).toMatchObject({ end: 'gave_up', reason: expect.stringContaining('fewer tests') as string })
  })
})
