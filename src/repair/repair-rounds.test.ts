import { describe, expect, it } from 'vitest'
import { answered, block, createBench, defaultPolicy, goodFix, sumScript } from './repair.fixture.ts'
import type { Script } from './repair-host.fixture.ts'
import type { ScriptBox } from './world.ts'

const testEdit = block('tests/test_calc.py', '    assert add(1, 2) == 3', '    assert add(1, 2) == -1')
const wrong = (from: string, to: string): string =>
  block('src/calc.py', `    return a ${from} b`, `    return a ${to} b`)

/** A sandbox in which the script goes as `exitCodes` tell, one after another. */
function boxOf(exitCodes: readonly number[]): ScriptBox & { readonly runs: () => number } {
  let runs = 0
  return {
    tier: 'scripted',
    open: async () => ({ folder: '/nowhere', discard: async () => undefined }),
    run: async () => ({
      exitCode: exitCodes[runs++] ?? 0,
      output: `____ test_add ____\nE       assert -1 == 3, run ${runs}\n\ntests/test_calc.py:5: AssertionError`,
      timedOut: false,
    }),
    runs: () => runs,
  }
}

describe('a round', () => {
  it('costs nothing more where the model mends the form of its answer', async () => {
    const bench = createBench(sumScript, (_, question) => (question === 1 ? 'Look at the operator.' : goodFix))
    const state = await bench.run()
    expect(state.rounds.map(({ outcome, tokens }) => [outcome, tokens])).toEqual([['green', 2400]])
    expect(bench.prompts[1]?.user).toContain('Look at the operator.')
    expect([...bench.saved.keys()]).toEqual(expect.arrayContaining(['rounds/1/answer.md', 'rounds/1/re-ask-answer.md']))
  })

  it('is over after a second unusable answer, and the next one asks for whole files', async () => {
    const bench = createBench(sumScript, (_, question) =>
      question < 3
        ? ''
        : `src/calc.py\n\`\`\`python\ndef add(a, b):\n    return a + b\n\n\ndef double(a):\n    return a * 2\n\`\`\`\n`,
    )
    const state = await bench.run()
    expect(state.rounds.map(({ outcome, strategy }) => [outcome, strategy])).toEqual([
      ['malformed', 'blocks'],
      ['green', 'whole_file'],
    ])
  })

  it('takes nothing of an answer that broke off', async () => {
    const bench = createBench(sumScript, (_, question) => (question === 1 ? answered(goodFix, 'length') : goodFix))
    const state = await bench.run()
    expect(bench.prompts[1]?.user).toContain('broke off')
    expect(state.rounds.map(({ outcome }) => outcome)).toEqual(['green'])
  })

  it('is rejected by guards without a push, and the next one is told why', async () => {
    const bench = createBench(sumScript, (_, question) => (question === 1 ? testEdit : goodFix))
    const state = await bench.run()
    expect(state.rounds.map(({ outcome }) => outcome)).toEqual(['rejected', 'green'])
    expect(state.rounds[0]?.findings).toContainEqual(expect.objectContaining({ code: 'protected_test', blocks: true }))
    expect(bench.prompts[1]?.user).toContain('protected_test')
    expect(bench.host.git.pushes).toHaveLength(2)
  })

  it('does not push the same patch twice', async () => {
    const script: Script = (at) => sumScript({ ...at, tree: new Map() })
    const bench = createBench(script, (_, question) => (question % 2 === 1 ? wrong('-', '*') : wrong('*', '-')))
    const state = await bench.run({ world: { policy: { ...defaultPolicy, rounds: 4 } } })
    expect(state.end).toBe('gave_up')
    expect(bench.host.git.pushes.length).toBeLessThanOrEqual(3)
  })

  it('asks for whole files after a push that changed nothing, and ends after the second one', async () => {
    const operators = ['-', '*', '/', '%', '^']
    const bench = createBench(
      (at) => sumScript({ ...at, tree: new Map() }),
      (prompt, question) => {
        if (!prompt.user.includes('SEARCH')) return whole(operators[question] ?? '')
        return wrong(operators[question - 1] ?? '', operators[question] ?? '')
      },
      { rounds: 10 },
    )
    const state = await bench.run()
    expect(state).toMatchObject({ end: 'gave_up', reason: expect.stringContaining('no progress') as string })
    expect(state.rounds.map(({ outcome, strategy }) => [outcome, strategy])).toEqual([
      ['red', 'blocks'],
      ['red', 'whole_file'],
    ])
  })

  it('is not enough where the pipeline is green with fewer tests', async () => {
    const test = { suite: 'test', classname: 'c', name: 'test_double', status: 'success' } as const
    const script: Script = (at) =>
      sumScript(at).map((job) => ({
        ...job,
        tests: [...(job.tests ?? []), ...(at.tree.get('src/calc.py')?.includes('a * 2') === true ? [test] : [])],
      }))
    const bad = `${goodFix}\n${block('src/calc.py', '    return a * 2', '    return a + a')}`
    const bench = createBench(script, () => bad, { rounds: 1 })
    const state = await bench.run()
    expect(state).toMatchObject({ end: 'gave_up', reason: expect.stringContaining('green but fewer tests') as string })
    expect(state.rounds[0]?.findings.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['fewer_tests', 'lost_test']),
    )
    expect(bench.host.requests[0]?.title).toMatch(/^Draft: /)
  })

  it('is not pushed where the failing command fails here with it, and its output goes into the next prompt', async () => {
    const box = boxOf([1, 1, 0])
    const policy = { validation: { sandbox: 'best_effort', commands: { test: 'pytest' }, timeoutMs: 60_000 } } as const
    const bench = createBench(sumScript, (_, question) => (question === 1 ? wrong('-', '*') : goodFix), policy)
    const state = await bench.run({ world: { box } })
    expect(state.rounds.map(({ outcome, localProof }) => [outcome, localProof])).toEqual([
      ['failed_locally', 'failed'],
      ['green', 'passed'],
    ])
    expect(bench.prompts[1]?.user).toMatch(/assert -1 == 3, run [12]/)
    // The failing tree is run once: how it ended is kept.
    expect(box.runs()).toBe(3)
    expect(bench.host.git.pushes).toHaveLength(2)
  })
})

function whole(operator: string): string {
  return `src/calc.py\n\`\`\`python\ndef add(a, b):\n    return a ${operator} b\n\n\ndef double(a):\n    return a * 2\n\`\`\`\n`
}
