import { describe, expect, it } from 'vitest'
import type { RepairState } from '../domain/repair.ts'
import { block, createBench, Died, goodFix, sumScript } from './repair.fixture.ts'
import type { Bench } from './repair.fixture.ts'
import type { Script } from './repair-host.fixture.ts'

/** Runs to the end, beginning again from the last record whenever the process dies. */
async function toTheEnd(bench: Bench): Promise<RepairState> {
  for (let life = 0; life < 3; life++) {
    const last = bench.records.at(-1)
    try {
      return await bench.run(last === undefined ? {} : { from: last })
    } catch (error) {
      if (!(error instanceof Died)) throw error
      bench.life.revive()
    }
  }
  throw new Error('it died too often')
}

/** What must be the same however often a process died on the way. */
function outcomeOf({ host, life: { effects } }: Bench, state: RepairState): unknown {
  const ours = host.pipelines.filter(({ ref }) => ref === state.branch).map(({ sha }) => sha)
  return {
    end: state.end,
    reason: state.reason,
    rounds: state.rounds.map(({ outcome, number }) => [number, outcome]),
    requests: host.requests.map(({ title, state }) => [title, state]),
    pushes: host.git.pushes.map(({ sha }) => sha),
    pipelines: ours,
    retried: effects.filter((name) => name === 'retryJob' || name === 'playJob').length,
    flaky: state.flaky,
  }
}

const badFix = block('src/calc.py', '    return a - b', '    return a * b')
const secondFix = block('src/calc.py', '    return a * b', '    return a + b')

/** A flaky job, a runner that fails once, and the sum. */
const troubled: Script = (at) => [
  ...sumScript(at),
  { name: 'lint', status: at.runs('lint') === 0 ? 'failed' : 'success', failureReason: 'runner_system_failure' },
]

const scenarios: Readonly<Record<string, () => Bench>> = {
  'a patch at once': () => {
    const bench = createBench(sumScript, () => goodFix)
    bench.host.start('main')
    return bench
  },
  'a patch that does not help, and one that does': () =>
    createBench(sumScript, ({ user }) => (user.includes('return a * b\n') ? secondFix : badFix)),
  'files that are brought in, and a runner that fails': () => {
    const bench = createBench(troubled, () => goodFix)
    const files = [{ path: 'src/more.py', content: 'more = 1\n' }]
    return {
      ...bench,
      run: (options) => bench.run({ ...options, world: { bringIn: async () => ({ files, leftOut: [] }) } }),
    }
  },
}

describe('a process that dies', () => {
  for (const [name, create] of Object.entries(scenarios)) {
    it(`reaches the same end wherever that happens: ${name}`, async () => {
      const whole = create()
      const expected = outcomeOf(whole, await whole.run())
      expect(expected).toMatchObject({ end: 'succeeded' })
      const count = whole.life.effects.length
      expect(count).toBeGreaterThan(20)
      for (let number = 1; number <= count; number++) {
        for (const when of ['before', 'after'] as const) {
          const bench = create()
          bench.life.dieAt = { number, when }
          const state = await toTheEnd(bench)
          expect({ number, when, outcome: outcomeOf(bench, state) }).toEqual({ number, when, outcome: expected })
        }
      }
    })
  }
})
