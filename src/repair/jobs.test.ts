import { describe, expect, it } from 'vitest'
import { classOf, currentJobs, failedJobs, finishedTrace, isActive } from './jobs.ts'
import { createScripted, jobOf, onClock } from './watch.fixture.ts'

describe('statuses', () => {
  it.each([
    ['created', true],
    ['waiting_for_resource', true],
    ['preparing', true],
    ['pending', true],
    ['running', true],
    ['canceling', true],
    ['waiting_for_callback', true],
    ['something_new', true],
    ['', true],
    ['success', false],
    ['failed', false],
    ['canceled', false],
    ['skipped', false],
    ['manual', false],
    ['scheduled', false],
  ])('%s goes on by itself: %s', (status, active) => {
    expect(isActive(status)).toBe(active)
  })
})

describe('reasons of failure', () => {
  it.each([
    ['script_failure', true, 'code'],
    ['job_execution_timeout', true, 'code'],
    ['unknown_failure', false, 'code'],
    ['unknown_failure', true, 'infra'],
    ['made_up_next_year', false, 'code'],
    ['made_up_next_year', true, 'infra'],
    [undefined, false, 'code'],
    [undefined, true, 'infra'],
    ['runner_system_failure', false, 'infra'],
    ['api_failure', false, 'infra'],
    ['stuck_or_timeout_failure', false, 'infra'],
    ['scheduler_failure', false, 'infra'],
    ['data_integrity_failure', false, 'infra'],
    ['stale_schedule', false, 'infra'],
    ['ci_quota_exceeded', false, 'human'],
    ['missing_dependency_failure', false, 'human'],
    ['downstream_pipeline_creation_failed', false, 'human'],
    ['constructor', false, 'code'],
  ] as const)('%s with an empty trace (%s) is %s', (failureReason, empty, kind) => {
    expect(classOf(jobOf({ status: 'failed', failureReason }), empty)).toBe(kind)
  })

  it('a bridge without a reason needs a person, for it ran nothing', () => {
    expect(classOf(jobOf({ kind: 'bridge', status: 'failed' }), true)).toBe('human')
  })
})

describe('jobs that count', () => {
  it('only the newest of a name counts, and none that is marked as retried', () => {
    const jobs = [
      jobOf({ id: 1, status: 'failed', isRetried: true }),
      jobOf({ id: 3, status: 'success' }),
      jobOf({ id: 2, status: 'failed' }),
      jobOf({ id: 4, name: 'lint' }),
    ]
    expect(currentJobs(jobs).map((job) => job.id)).toEqual([3, 4])
  })

  it('the same name in another pipeline is another job', () => {
    const jobs = [jobOf({ id: 1 }), jobOf({ id: 2, pipelineId: 200 })]
    expect(currentJobs(jobs)).toHaveLength(2)
  })

  it('jobs of a child pipeline that was started again do not count', () => {
    const bridge = (id: number, pipelineId: number, isRetried: boolean) =>
      jobOf({ id, name: 'child', kind: 'bridge', isRetried, downstream: { projectId: 7, pipelineId, status: '' } })
    const jobs = [
      bridge(1, 200, true),
      bridge(2, 300, false),
      jobOf({ id: 3, pipelineId: 200, status: 'failed' }),
      jobOf({ id: 4, pipelineId: 300 }),
    ]
    expect(currentJobs(jobs).map((job) => job.id)).toEqual([2, 4])
  })
})

describe('failed jobs', () => {
  const bridge = (change = {}) =>
    jobOf({
      id: 10,
      name: 'child',
      kind: 'bridge',
      status: 'failed',
      downstream: { projectId: 7, pipelineId: 200, status: 'failed' },
      ...change,
    })
  const inChild = jobOf({ id: 11, pipelineId: 200, name: 'unit', status: 'failed' })

  it('a job that is allowed to fail is none', () => {
    const jobs = [jobOf({ status: 'failed', allowFailure: true }), jobOf({ id: 2, name: 'b', status: 'failed' })]
    expect(failedJobs(jobs).map((job) => job.name)).toEqual(['b'])
  })

  it('the failed job of a child pipeline stands for its bridge', () => {
    expect(failedJobs([bridge(), inChild]).map((job) => job.name)).toEqual(['unit'])
  })

  it('a bridge stands for itself where its child tells nothing', () => {
    expect(failedJobs([bridge({ downstream: undefined })]).map((job) => job.name)).toEqual(['child'])
  })

  it('below a bridge that may fail nothing counts, grandchildren neither', () => {
    const inner = bridge({
      id: 12,
      name: 'inner',
      pipelineId: 200,
      downstream: { projectId: 7, pipelineId: 300, status: '' },
    })
    const deep = jobOf({ id: 13, pipelineId: 300, status: 'failed' })
    expect(failedJobs([deep, inner, inChild, bridge({ allowFailure: true })])).toEqual([])
  })
})

describe('the trace of a finished job', () => {
  const whole = 'x\nsection_end:1:step_script\r\u001b[0KJob succeeded\n'

  it('is taken as it is when its end is there', async () => {
    const { parts, clock, calls } = createScripted({ trace: () => whole })
    expect(await onClock(clock, finishedTrace(jobOf(), parts, new AbortController().signal))).toBe(whole)
    expect(calls).toEqual(['0 trace'])
  })

  it('is fetched again until its end has come', async () => {
    const { parts, clock, calls } = createScripted({ trace: (ms) => (ms < 5000 ? 'x\n' : whole) })
    expect(await onClock(clock, finishedTrace(jobOf(), parts, new AbortController().signal))).toBe(whole)
    expect(calls).toEqual(['0 trace', '3000 trace', '7500 trace'])
  })

  it('is taken without an end when it has stopped growing', async () => {
    const { parts, clock, calls } = createScripted({ trace: () => 'cut' })
    expect(await onClock(clock, finishedTrace(jobOf(), parts, new AbortController().signal))).toBe('cut')
    expect(calls).toHaveLength(3)
  })

  it('is not waited for without end while it grows', async () => {
    const { parts, clock, calls } = createScripted({ trace: (ms) => 'x'.repeat(1 + ms / 10) })
    await onClock(clock, finishedTrace(jobOf(), parts, new AbortController().signal))
    expect(calls).toHaveLength(8)
  })

  it('is empty for a bridge, which has none', async () => {
    const { parts, calls } = createScripted({ trace: () => whole })
    expect(await finishedTrace(jobOf({ kind: 'bridge' }), parts, new AbortController().signal)).toBe('')
    expect(calls).toEqual([])
  })
})
