import { describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import type { ErrorCode } from '../domain/errors.ts'
import type { RepairEnd } from '../domain/repair.ts'
import { block, createBench, defaultPolicy, goodFix, sumScript } from './repair.fixture.ts'
import type { Bench } from './repair.fixture.ts'
import { startState } from './repair.ts'
import { theProject } from './repair-host.fixture.ts'
import type { Script } from './repair-host.fixture.ts'

const nothing = (): string => 'never asked'
const one =
  (status: string, failureReason?: string): Script =>
  () => [{ name: 'test', status, ...(failureReason === undefined ? {} : { failureReason }) }]
const failing = (code: ErrorCode) => (): never => {
  throw new GreenloopError(code, `it is ${code}`, { help: 'mend it' })
}

interface Case {
  readonly bench: () => Bench
  readonly end: RepairEnd
  readonly reason: RegExp
  readonly requests: number
}

const changed = (bench: Bench, change: (bench: Bench) => void): Bench => {
  change(bench)
  return bench
}

const cases: Readonly<Record<string, Case>> = {
  'the newest pipeline is green': {
    bench: () => changed(createBench(one('success'), nothing), ({ host }) => host.start('main')),
    end: 'succeeded',
    reason: /nothing to repair/,
    requests: 0,
  },
  'the token lacks a scope': {
    bench: () => changed(createBench(sumScript, nothing), ({ host }) => (host.scopes = ['read_api'])),
    end: 'auth_failed',
    reason: /lacks the scope `api`/,
    requests: 0,
  },
  'the role is too small': {
    bench: () =>
      changed(createBench(sumScript, nothing), ({ host }) => (host.project = { ...theProject, accessLevel: 20 })),
    end: 'auth_failed',
    reason: /role 20/,
    requests: 0,
  },
  'the project is archived': {
    bench: () =>
      changed(createBench(sumScript, nothing), ({ host }) => (host.project = { ...theProject, isArchived: true })),
    end: 'auth_failed',
    reason: /archived/,
    requests: 0,
  },
  'the project is missing': {
    bench: () => changed(createBench(sumScript, nothing), ({ host }) => (host.project = undefined)),
    end: 'project_not_found',
    reason: /no project .* or the token may not see it/,
    requests: 0,
  },
  'a manual job blocks': {
    bench: () => createBench(one('manual'), nothing),
    end: 'blocked_gate',
    reason: /a person has to decide: test/,
    requests: 1,
  },
  'no runner takes the job': {
    bench: () => createBench(one('pending'), nothing),
    end: 'blocked_gate',
    reason: /no runner takes test/,
    requests: 1,
  },
  'nothing ran': {
    bench: () => createBench(one('skipped'), nothing),
    end: 'gave_up',
    reason: /nothing ran/,
    requests: 1,
  },
  'runners fail again and again': {
    bench: () => createBench(one('failed', 'runner_system_failure'), nothing),
    end: 'gave_up',
    reason: /runners fail: test \(runner_system_failure\)/,
    requests: 1,
  },
  'only a person can mend it': {
    bench: () => createBench(one('failed', 'ci_quota_exceeded'), nothing),
    end: 'gave_up',
    reason: /not in the code: test \(ci_quota_exceeded\)/,
    requests: 1,
  },
  'the model cannot be reached': {
    bench: () => createBench(sumScript, failing('llm_unreachable')),
    end: 'llm_unavailable',
    reason: /llm_unreachable/,
    requests: 1,
  },
  'the model refuses the key': {
    bench: () => createBench(sumScript, failing('llm_unauthorized')),
    end: 'llm_unavailable',
    reason: /llm_unauthorized/,
    requests: 1,
  },
  'guards refuse every patch': {
    bench: () =>
      createBench(sumScript, (_, question) =>
        block('tests/test_calc.py', '    assert add(1, 2) == 3', `    assert add(1, 2) == ${question}`),
      ),
    end: 'guard_rejected',
    reason: /guards refused every patch/,
    requests: 1,
  },
  'the model never sends a patch': {
    bench: () => createBench(sumScript, () => 'I would look at the operator.'),
    end: 'gave_up',
    reason: /all 3 rounds are used up/,
    requests: 1,
  },
  'the tokens are used up': {
    bench: () =>
      createBench(sumScript, () => block('tests/test_calc.py', '== 3', '== -1'), {
        budget: { ...defaultPolicy.budget, maxTokens: 1000 },
      }),
    end: 'gave_up',
    reason: /budget of 1000 tokens is used up: 1200/,
    requests: 1,
  },
  'the money is used up': {
    bench: () =>
      createBench(sumScript, () => block('tests/test_calc.py', '== 3', '== -1'), {
        budget: { ...defaultPolicy.budget, maxCostUsd: 0.0001 },
      }),
    end: 'gave_up',
    reason: /budget of \$0\.0001 is used up/,
    requests: 1,
  },
}

describe('the end of a repair', () => {
  for (const [name, { bench: create, end, reason, requests }] of Object.entries(cases)) {
    it(`is ${end} where ${name}`, async () => {
      const bench = create()
      const state = await bench.run()
      expect(state).toMatchObject({ phase: 'done', end })
      expect(state.reason).toMatch(reason)
      expect(bench.host.requests).toHaveLength(requests)
      // Only what is green is no draft any more, and each end stands in the one comment.
      expect(bench.host.requests.every(({ title }) => title.startsWith('Draft: '))).toBe(true)
      expect(bench.host.notes.size).toBe(requests)
      expect(bench.records.at(-1)).toEqual(state)
    })
  }

  it('is timed_out at its time, with its own pipeline cancelled', async () => {
    const bench = createBench(one('running'), nothing, { totalTimeoutMs: 120_000 })
    const begin = bench.clock.now()
    const state = await bench.run()
    expect(state.end).toBe('timed_out')
    expect(bench.clock.now() - begin).toBeLessThanOrEqual(122_000)
    expect(bench.host.pipelines.map(({ ref, forced }) => [ref, forced])).toEqual([[state.branch, 'canceled']])
  })

  it('leaves out time that was spent before, and pipelines of others', async () => {
    const bench = createBench(one('running'), nothing, { totalTimeoutMs: 120_000 })
    bench.host.start('main')
    const started = await bench.run({ from: { ...startState('tools/calculator'), spentMs: 100_000 } })
    expect(started).toMatchObject({ end: 'timed_out', spentMs: 120_000 })
    expect(bench.host.pipelines.map(({ ref, forced }) => [ref, forced])).toEqual([
      ['main', undefined],
      [started.branch, 'canceled'],
    ])
  })

  it('is timed_out soon even where a port does not obey the signal', async () => {
    const bench = createBench(sumScript, () => new Promise<string>(() => undefined), { totalTimeoutMs: 120_000 })
    const begin = bench.clock.now()
    expect((await bench.run()).end).toBe('timed_out')
    expect(bench.clock.now() - begin).toBeLessThanOrEqual(122_000)
  })

  it('is cancelled where somebody stops the run, with its own pipeline cancelled', async () => {
    const bench = createBench(one('running'), nothing)
    const controller = new AbortController()
    bench.clock.after(60_000, () => controller.abort(new GreenloopError('cancelled', 'Ctrl-C')))
    const state = await bench.run({ signal: controller.signal })
    expect(state.end).toBe('cancelled')
    expect(bench.host.pipelines.map(({ forced }) => forced)).toEqual(['canceled'])
  })

  it('is none where the lease is lost: the reason is thrown and the record stays in its phase', async () => {
    const bench = createBench(one('running'), nothing)
    const controller = new AbortController()
    bench.clock.after(60_000, () => controller.abort(new GreenloopError('lease_lost', 'taken over')))
    await expect(bench.run({ signal: controller.signal })).rejects.toMatchObject({ code: 'lease_lost' })
    expect(bench.records.at(-1)).toMatchObject({ phase: 'polling' })
    expect(bench.host.pipelines.map(({ forced }) => forced)).toEqual([undefined])
  })

  it('is none where the host does not answer: it goes on later', async () => {
    const bench = createBench(sumScript, () => goodFix)
    let isDown = true
    const forge = {
      ...bench.host.forge,
      pipeline: (async (...args) => {
        if (isDown) throw new GreenloopError('forge_unavailable', 'down')
        return bench.host.forge.pipeline(...args)
      }) satisfies typeof bench.host.forge.pipeline,
    }
    await expect(bench.run({ world: { forge } })).rejects.toMatchObject({ code: 'forge_unavailable' })
    isDown = false
    const last = bench.records.at(-1)
    expect(last).toMatchObject({ phase: 'polling' })
    expect(last === undefined ? undefined : (await bench.run({ from: last, world: { forge } })).end).toBe('succeeded')
    expect(bench.host.requests).toHaveLength(1)
  })

  it('can be cured: a run without a model goes on when it is there, in the same round', async () => {
    let isUp = false
    const bench = createBench(sumScript, () => (isUp ? goodFix : failing('llm_unreachable')()))
    const broken = await bench.run()
    expect(broken).toMatchObject({ end: 'llm_unavailable', resumeAt: 'diagnosing' })
    isUp = true
    expect(await bench.run({ from: broken })).toMatchObject({ end: 'succeeded', reason: /after 1 round$/ })
  })
})
