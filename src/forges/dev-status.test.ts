import { assert, constantFrom, property, record, array, boolean } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nextStatuses } from './dev-next.ts'
import type { NextJob } from './dev-next.ts'
import { compositeStatus } from './dev-status.ts'

const part = (status: string, allowFailure = false) => ({ status, allowFailure })
const known = ['created', 'pending', 'running', 'success', 'failed', 'canceled', 'skipped', 'manual', 'scheduled']
const parts = array(record({ status: constantFrom(...known), allowFailure: boolean() }), { minLength: 1, maxLength: 8 })

describe('the status of a pipeline', () => {
  it.each([
    ['success', [part('success'), part('failed', true)]],
    ['failed', [part('success'), part('failed'), part('skipped')]],
    ['skipped', [part('skipped'), part('manual', true)]],
    ['success', [part('success'), part('manual', true)]],
    ['manual', [part('success'), part('manual'), part('created')]],
    ['running', [part('success'), part('created')]],
    ['running', [part('failed'), part('pending')]],
    ['pending', [part('pending'), part('created')]],
    ['created', [part('created'), part('failed', true)]],
    ['canceled', [part('success'), part('canceled'), part('skipped')]],
    ['canceling', [part('canceling'), part('success')]],
    ['scheduled', [part('scheduled'), part('success')]],
    ['failed', [part('failed'), part('canceled')]],
  ])('is %s for %j', (status, jobs) => {
    expect(compositeStatus(jobs)).toBe(status)
  })

  it('does not depend on the order of jobs nor on how many there are of a kind', () => {
    assert(
      property(parts, (jobs) => {
        const status = compositeStatus(jobs)
        expect(compositeStatus(jobs.toReversed())).toBe(status)
        expect(compositeStatus([...jobs, ...jobs])).toBe(status)
      }),
    )
  })

  it('is never success with a failure that is not allowed, nor over while a job runs', () => {
    assert(
      property(parts, (jobs) => {
        const status = compositeStatus(jobs)
        if (jobs.some((job) => job.status === 'failed' && !job.allowFailure)) expect(status).not.toBe('success')
        if (jobs.some((job) => job.status === 'running')) expect(status).toBe('running')
      }),
    )
  })
})

const job = (name: string, stage: string, status = 'created', rest: Partial<NextJob> = {}): NextJob => ({
  id: Number(name.slice(1)),
  name,
  stage,
  status,
  when: 'on_success',
  allowFailure: false,
  needs: undefined,
  ...rest,
})
const stages = ['build', 'test', 'deploy']
const next = (...jobs: NextJob[]) => Object.fromEntries(nextStatuses(jobs, stages))

describe('what may begin', () => {
  it('is the first stage, then what follows a stage that is over', () => {
    expect(next(job('j1', 'build'), job('j2', 'test'))).toEqual({ 1: 'pending' })
    expect(next(job('j1', 'build', 'success'), job('j2', 'test'))).toEqual({ 2: 'pending' })
    expect(next(job('j1', 'build', 'running'), job('j2', 'test'))).toEqual({})
  })

  it('skips after a failure all but what waits for one', () => {
    const failed = job('j1', 'build', 'failed')
    const rescue = job('j3', 'test', 'created', { when: 'on_failure' })
    const always = job('j4', 'deploy', 'created', { when: 'always', needs: ['j1'] })
    expect(next(failed, job('j2', 'test'), rescue, always)).toEqual({ 2: 'skipped', 3: 'pending', 4: 'pending' })
    expect(next({ ...failed, allowFailure: true }, job('j2', 'test'))).toEqual({ 2: 'pending' })
  })

  it('begins by needs before its stage, and skips where a need was skipped', () => {
    const running = job('j1', 'build', 'running')
    expect(next(running, job('j2', 'test', 'created', { needs: [] }))).toEqual({ 2: 'pending' })
    expect(next(running, job('j2', 'build', 'success'), job('j3', 'deploy', 'created', { needs: ['j2'] }))).toEqual({
      3: 'pending',
    })
    expect(next(job('j1', 'build', 'skipped'), job('j2', 'test', 'created', { needs: ['j1'] }))).toEqual({
      2: 'skipped',
    })
  })

  it('waits behind a manual job that blocks and passes one that does not', () => {
    const manual = job('j1', 'build', 'manual')
    expect(next(manual, job('j2', 'test'))).toEqual({})
    expect(next({ ...manual, allowFailure: true }, job('j2', 'test'))).toEqual({ 2: 'pending' })
    expect(next(job('j1', 'build', 'created', { when: 'manual' }))).toEqual({ 1: 'manual' })
  })
})
