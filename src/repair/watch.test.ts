import { describe, expect, it } from 'vitest'
import { createScripted, jobOf, onClock, pipelineOf } from './watch.fixture.ts'
import { findPipeline, watchPipeline } from './watch.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { ForgeJob } from '../domain/forge.ts'

const signal = new AbortController().signal
const at = { projectId: 7, pipelineId: 100 }
const failed = (change: Partial<ForgeJob> = {}) =>
  jobOf({ status: 'failed', failureReason: 'script_failure', ...change })

function watch(script: Parameters<typeof createScripted>[0]) {
  const world = createScripted(script)
  return { ...world, watched: onClock(world.clock, watchPipeline(at, world.parts, signal)) }
}

describe('watching a pipeline', () => {
  it('looks less and less often, and at once again after a change', async () => {
    const { watched, calls } = watch({
      status: (ms) => (ms < 60_000 ? 'running' : 'success'),
      jobs: (ms) => [jobOf({ status: ms < 20_000 ? 'pending' : ms < 60_000 ? 'running' : 'success' })],
    })
    expect((await watched).kind).toBe('green')
    const looks = calls.filter((call) => call.endsWith(' pipeline')).map((call) => Number.parseInt(call, 10))
    expect(looks).toEqual([0, 3000, 7500, 14_250, 24_375, 27_375, 31_875, 38_625, 48_750, 63_938])
  })

  it('spreads its looks by a fifth', async () => {
    const { parts, clock, calls } = createScripted({ status: (ms) => (ms < 1 ? 'running' : 'success') })
    await onClock(clock, watchPipeline(at, { ...parts, random: () => 0 }, signal))
    expect(calls.at(-1)).toBe('2400 jobs')
  })

  it('is woken by the host, but not more often than twice a second', async () => {
    const { watched, calls } = watch({
      status: (ms) => (ms < 2000 ? 'running' : 'success'),
      woken: () => Promise.resolve(),
    })
    await watched
    expect(calls.filter((call) => call.endsWith(' pipeline'))).toHaveLength(5)
  })

  it('tells each change once, in plain text', async () => {
    const { watched, events } = watch({
      status: (ms) => (ms < 9000 ? 'running' : 'success'),
      jobs: (ms) => [jobOf({ name: 'a\u001b[31m\nb', status: ms < 9000 ? 'running' : 'success' })],
    })
    await watched
    expect(events).toMatchObject([
      { kind: 'pipeline', pipelineId: 100, status: 'running', jobs: [{ name: 'a b', status: 'running' }] },
      { kind: 'pipeline', status: 'success', jobs: [{ status: 'success' }] },
    ])
  })

  it('takes a status that is not known for one that goes on, and says so once', async () => {
    const { watched, events } = watch({
      status: (ms) => (ms < 9_000_000 ? 'reticulating' : 'success'),
      jobs: (ms) => [jobOf({ status: ms < 5000 ? 'running' : 'reticulating' })],
    })
    expect((await watched).kind).toBe('green')
    expect(events.filter((event) => event.kind === 'step')).toHaveLength(1)
  })

  it('a job that may fail is a warning of a green pipeline', async () => {
    const { watched } = watch({ jobs: () => [jobOf(), failed({ id: 2, name: 'audit', allowFailure: true })] })
    expect(await watched).toMatchObject({ kind: 'green', warnings: [expect.stringContaining('audit')] })
  })

  it('sorts failed jobs by who can do something', async () => {
    const { watched, calls } = watch({
      status: () => 'failed',
      jobs: () => [
        failed(),
        failed({ id: 2, name: 'runner', failureReason: 'runner_system_failure' }),
        failed({ id: 3, name: 'quota', failureReason: 'ci_quota_exceeded' }),
        failed({ id: 4, name: 'odd', failureReason: 'unknown_failure' }),
      ],
    })
    const result = await watched
    if (result.kind !== 'red') throw new Error(result.kind)
    const names = [result.code, result.infra, result.human].map((jobs) => jobs.map((job) => job.name))
    expect(names).toEqual([['test'], ['runner', 'odd'], ['quota']])
    expect(calls.filter((call) => call.endsWith('trace'))).toHaveLength(1)
  })

  it('waits for the jobs of a failed pipeline, which may be told late', async () => {
    const { watched } = watch({
      status: () => 'failed',
      jobs: (ms) => [ms < 2000 ? jobOf({ status: 'running' }) : failed()],
    })
    expect(await watched).toMatchObject({ kind: 'red', code: [{ name: 'test' }] })
  })

  it.each(['failed', 'manual', 'success'])(
    'does not believe that it is %s while a job that was retried runs',
    async (old) => {
      const other = failed({ id: 2, name: 'other' })
      const { watched } = watch({
        status: (ms) => (ms < 5000 ? old : ms < 60_000 ? 'running' : 'success'),
        jobs: (ms) => [jobOf({ id: 3, status: ms < 60_000 ? 'running' : 'success' }), ...(ms < 60_000 ? [other] : [])],
      })
      expect((await watched).kind).toBe('green')
    },
  )

  it('does not wait for a child pipeline that does not count', async () => {
    const bridge = jobOf({ kind: 'bridge', downstream: { projectId: 7, pipelineId: 200, status: 'running' } })
    const { watched, calls } = watch({ jobs: () => [bridge, jobOf({ id: 2, pipelineId: 200, status: 'running' })] })
    expect((await watched).kind).toBe('green')
    expect(calls).toHaveLength(2)
  })

  it('is red without a job where the host names none', async () => {
    const { watched } = watch({ status: () => 'failed' })
    expect(await watched).toMatchObject({ kind: 'red', code: [], infra: [], human: [] })
  })

  it.each(['canceled', 'skipped'] as const)('a pipeline that is %s is over', async (status) => {
    expect(await watch({ status: () => status }).watched).toEqual({ kind: status })
  })

  it('stops when the signal aborts, with its reason', async () => {
    const { parts, clock } = createScripted({ status: () => 'running', jobs: () => [jobOf({ status: 'running' })] })
    const stop = new AbortController()
    clock.after(100_000, () => stop.abort(new Error('enough')))
    const work = watchPipeline(at, parts, stop.signal)
    const taken = expect(work).rejects.toThrow('enough')
    await clock.run({ untilMs: 200_000 })
    await taken
    expect(clock.pending).toBe(0)
  })
})

describe('gates', () => {
  const manual = jobOf({ id: 2, name: 'deploy', status: 'manual' })

  it('a manual job that blocks is a gate; one that may fail is not named', async () => {
    const other = jobOf({ id: 3, name: 'optional', status: 'manual', allowFailure: true })
    const { watched } = watch({ status: () => 'manual', jobs: () => [jobOf(), manual, other] })
    expect(await watched).toMatchObject({ kind: 'gate', waiting: [{ name: 'deploy' }] })
  })

  it('a failed job beside the gate makes it red', async () => {
    const { watched } = watch({ status: () => 'manual', jobs: () => [failed(), manual] })
    expect(await watched).toMatchObject({ kind: 'red', code: [{ name: 'test' }] })
  })

  it('a scheduled job is waited for where it begins within the hour', async () => {
    const { watched, calls } = watch({
      status: (ms) => (ms < 600_000 ? 'scheduled' : 'success'),
      jobs: (ms) => [jobOf({ status: ms < 600_000 ? 'scheduled' : 'success', scheduledAt: 600_000 })],
    })
    expect((await watched).kind).toBe('green')
    expect(calls.at(-1)).toBe('600000 jobs')
  })

  it.each([3_700_000, undefined])('a scheduled job at %s is a gate', async (scheduledAt) => {
    const { watched } = watch({ status: () => 'scheduled', jobs: () => [jobOf({ status: 'scheduled', scheduledAt })] })
    expect(await watched).toMatchObject({ kind: 'gate', waiting: [{ status: 'scheduled' }] })
  })

  it('a manual job of a child pipeline that nothing passes is a gate too', async () => {
    const bridge = jobOf({
      status: 'running',
      kind: 'bridge',
      downstream: { projectId: 7, pipelineId: 200, status: '' },
    })
    const { watched } = watch({ status: () => 'running', jobs: () => [bridge, { ...manual, pipelineId: 200 }] })
    expect(await watched).toMatchObject({ kind: 'gate', waiting: [{ name: 'deploy' }] })
  })
})

describe('a pipeline that no runner takes', () => {
  const pending = jobOf({ id: 2, name: 'slow', status: 'pending' })

  it('is stuck when nothing runs and nothing changes for the time that is set', async () => {
    const { watched, calls } = watch({ status: () => 'pending', jobs: () => [pending] })
    expect(await watched).toMatchObject({ kind: 'stuck', pending: [{ name: 'slow' }] })
    const last = Number.parseInt(calls.at(-1) ?? '', 10)
    expect(last).toBeGreaterThanOrEqual(900_000)
    expect(last).toBeLessThan(931_000)
  })

  it('is not stuck while another job runs, and not right after it', async () => {
    const { watched } = watch({
      status: (ms) => (ms < 2_500_000 ? 'running' : 'success'),
      jobs: (ms) => [
        jobOf({ status: ms < 2_000_000 ? 'running' : 'success' }),
        { ...pending, status: ms < 2_400_000 ? 'pending' : 'success' },
      ],
    })
    expect((await watched).kind).toBe('green')
  })
})

describe('finding the pipeline of a commit', () => {
  const commit = { projectId: 7, branch: 'greenloop/x', sha: 'abc' }
  const ofRequest = { id: 101, source: 'merge_request_event', ref: 'refs/merge-requests/5/head' }
  const find = (script: Parameters<typeof createScripted>[0], change = {}) => {
    const world = createScripted(script)
    return { ...world, found: onClock(world.clock, findPipeline({ ...commit, ...change }, world.parts, signal)) }
  }

  it('waits until it appears, and starts none then', async () => {
    const { found, calls } = find({ pipelines: (ms) => (ms < 6000 ? [] : [pipelineOf()]) })
    expect(await found).toMatchObject({ kind: 'found', pipelines: [{ id: 100 }] })
    expect(calls.some((call) => call.endsWith('create'))).toBe(false)
  })

  it('passes over other commits, other branches and child pipelines', async () => {
    const { found, calls } = find({
      pipelines: () => [
        pipelineOf({ id: 1, sha: 'old' }),
        pipelineOf({ id: 2, ref: 'main' }),
        pipelineOf({ id: 3, source: 'parent_pipeline' }),
        pipelineOf({ id: 4, ref: 'refs/merge-requests/55/head' }),
      ],
      create: () => pipelineOf({ id: 9, source: 'api' }),
    })
    expect(await found).toMatchObject({ kind: 'found', pipelines: [{ id: 9 }] })
    expect(calls.filter((call) => call.endsWith('create'))).toHaveLength(1)
  })

  it('gives both pipelines of a push and a merge request, that of the request first', async () => {
    const { found } = find(
      { pipelines: (ms) => [pipelineOf(), ...(ms < 2000 ? [] : [pipelineOf(ofRequest)])] },
      { mergeRequest: 5 },
    )
    expect(await found).toMatchObject({ kind: 'found', pipelines: [{ id: 101 }, { id: 100 }] })
  })

  it('gives the newest of the same cause', async () => {
    const { found } = find({ pipelines: () => [pipelineOf({ id: 8 }), pipelineOf({ id: 12 }), pipelineOf({ id: 9 })] })
    expect(await found).toMatchObject({ pipelines: [{ id: 12 }] })
  })

  it('takes the head pipeline of the merge request only for our commit', async () => {
    const { found, calls } = find(
      { head: (ms) => (ms < 5000 ? { id: 50, sha: 'old', status: 'success' } : { id: 51, sha: 'abc', status: 'x' }) },
      { mergeRequest: 5 },
    )
    expect(await found).toMatchObject({ kind: 'found', pipelines: [{ id: 51 }] })
    expect(calls.some((call) => call.endsWith('create'))).toBe(false)
  })

  it('gives the words of the host where the description is bad', async () => {
    const { found, calls } = find({ lint: { isValid: false, errors: ['jobs:test config\u001b[0m is bad'] } })
    expect(await found).toEqual({ kind: 'invalid', errors: ['jobs:test config is bad'] })
    expect(calls.some((call) => call.endsWith('create'))).toBe(false)
  })

  it('sees a bad description in the pipeline that was made of it', async () => {
    const { found } = find({ pipelines: () => [pipelineOf({ status: 'failed', yamlErrors: 'no such stage' })] })
    expect(await found).toEqual({ kind: 'invalid', errors: ['no such stage'] })
  })

  it('gives the refusal of the host where it starts none', async () => {
    const { found } = find({
      create: () => {
        throw new GreenloopError('forge_rejected', 'the pipeline has no jobs')
      },
    })
    expect(await found).toEqual({ kind: 'invalid', errors: ['the pipeline has no jobs'] })
  })

  it('lets other failures of the host through', async () => {
    const { found } = find({
      create: () => {
        throw new GreenloopError('forge_unavailable', 'down')
      },
    })
    await expect(found).rejects.toMatchObject({ code: 'forge_unavailable' })
  })

  it('is a conflict where the branch has another commit by then', async () => {
    const { found } = find({ create: () => pipelineOf({ sha: 'of somebody else' }) })
    await expect(found).rejects.toMatchObject({ code: 'repair_conflict' })
  })
})
