import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Comparison } from '../../src/domain/comparison.ts'
import { camelKeys } from '../../src/lib/snake-keys.ts'
import { experimentFolder } from '../support/experiment-folder.ts'
import type { ExperimentFolder } from '../support/experiment-folder.ts'
import { startPairJudge } from '../support/pair-judge.ts'
import type { PairJudge } from '../support/pair-judge.ts'
import { cli, startCli } from './cli.ts'

const program = `
export const execute = ({ inputs, prompt }) => ({
  status: 'succeeded', workflow_run_id: 'r', outputs: { text: (prompt === 'good' ? 'GOOD' : 'BAD') + ' answer to ' + inputs.q },
})`
const cases = 12

function folderWith(judge: PairJudge, evaluation: object, more: object = {}): Promise<ExperimentFolder> {
  return experimentFolder({
    env: { models: { critic: { base_url: judge.url, model: 'critic-1', api_key: 'sk-0123456789abcdef' } } },
    workflows: [{ id: 'app', target: 'module', file: 'app.mjs', parameters: [{ name: 'q' }] }],
    plan: {
      name: 'judged',
      datasets: [
        { name: 'd', scenarios: Array.from({ length: cases }, (_, index) => ({ inputs: { q: `q${index}` } })) },
      ],
      prompt_variants: [
        { id: 'a', prompt: 'bad' },
        { id: 'b', prompt: 'good' },
      ],
      evaluation: { judge: 'critic', ...evaluation },
      execution: { concurrency: 4 },
      ...more,
    },
    others: { 'app.mjs': program },
  })
}

const said = (verdict: string): string => JSON.stringify({ reasoning: 'because', verdict })

/** A judge that knows the better answer, wherever it stands. */
function fair(asked: string): string {
  return said(asked.indexOf('GOOD') < asked.indexOf('BAD') ? 'first' : 'second')
}

async function comparisonOf({ artifacts }: ExperimentFolder): Promise<Comparison> {
  return camelKeys(JSON.parse(await readFile(join(artifacts, 'comparison.json'), 'utf8'))) as Comparison
}

const run = (folder: ExperimentFolder, env: Readonly<Record<string, string>>) =>
  cli(['experiment', 'run', 'plan.yaml', '--run-id', 'r', '--no-progress'], { cwd: folder.path, env })

describe('a preference', () => {
  it('is a metric that is tested, and stays one in reports and comparisons made later', async () => {
    await using judge = await startPairJudge(fair)
    const evaluation = { checks: [{ type: 'contains', value: 'answer' }], preference: { rubric: 'the better answer' } }
    await using folder = await folderWith(judge, evaluation, { gates: ['preference(b) > preference(a)'] })
    const env = { GREENLOOP_STORE: join(folder.path, 'store.db') }
    const ended = await run(folder, env)
    expect(ended.stdout).toContain('b is better than a in preference')
    expect(ended.code).toBe(0)
    const first = await comparisonOf(folder)
    expect(first.pairs.find(({ metric }) => metric === 'preference')).toMatchObject({
      baseline: 'a',
      difference: 1,
      cases,
      verdict: 'better',
    })
    const position = { pairs: cases, consistent: 1, first: 0, second: 0, bias: 0 }
    expect(first.reliability).toEqual([
      { workflowId: 'app', check: 'preference', judged: cases, undecided: 0, position },
    ])
    expect(judge.asked).toHaveLength(2 * cases)
    const page = await readFile(join(folder.artifacts, 'report.html'), 'utf8')
    expect(page).toContain('<h2 id="reliability">Judges</h2>')
    expect(await readFile(join(folder.artifacts, 'results.csv'), 'utf8')).toContain('metric.preference')

    const again = await cli(['experiment', 'report', 'r', '--out', 'again'], { cwd: folder.path, env })
    expect(again.code).toBe(0)
    expect(await readFile(join(folder.path, 'again', 'comparison.json'))).toEqual(
      await readFile(join(folder.artifacts, 'comparison.json')),
    )
    for (const source of ['r', folder.artifacts]) {
      const compared = await cli(['experiment', 'compare', source], { cwd: folder.path, env })
      const { comparison } = camelKeys(JSON.parse(compared.stdout)) as { comparison: Comparison }
      expect(comparison.baseline).toBe('a')
      expect(comparison.pairs.find(({ metric }) => metric === 'preference')?.verdict).toBe('better')
      expect(comparison.reliability).toEqual(first.reliability)
    }
    expect(judge.asked).toHaveLength(2 * cases)
  })

  it('is no result of a run that is interrupted before all pairs are judged', async () => {
    const asked = Promise.withResolvers<void>()
    await using judge = await startPairJudge((text, call) => {
      if (call < 6) return fair(text)
      asked.resolve()
      return new Promise<string>(() => {})
    })
    const preference = { rubric: 'the better answer' }
    await using folder = await folderWith(judge, { preference }, { execution: { concurrency: 1 } })
    const started = startCli(['experiment', 'run', 'plan.yaml', '--run-id', 'r', '--no-progress'], { cwd: folder.path })
    await asked.promise
    started.kill('SIGINT')
    const { code, stdout } = await started.ended
    expect(code).toBe(130)
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'cancelled', status: 'cancelled', exit_code: 130 })
  })

  it('is a tie, and a bias that is seen, where the judge always likes the first place', async () => {
    await using judge = await startPairJudge(() => said('first'))
    await using folder = await folderWith(judge, { preference: { rubric: 'the better answer' } })
    expect((await run(folder, {})).code).toBe(0)
    const { pairs, reliability } = await comparisonOf(folder)
    expect(pairs.find(({ metric }) => metric === 'preference')).toMatchObject({ difference: 0, verdict: 'identical' })
    expect(reliability?.[0]?.position).toMatchObject({ consistent: 0, first: 1, bias: 1 })
  })

  it('is missing, and said to be, where the judge cannot be reached or says nothing of use', async () => {
    await using judge = await startPairJudge((asked) => {
      if (asked.includes('answer to q5')) return 401
      return asked.includes('answer to q3') ? 'I would rather not say.' : fair(asked)
    })
    await using folder = await folderWith(judge, { preference: { rubric: 'the better answer' } })
    const ended = await run(folder, {})
    expect(ended.code).toBe(0)
    const [reliability] = (await comparisonOf(folder)).reliability ?? []
    expect(reliability).toMatchObject({ judged: cases - 2, undecided: 2 })
    expect(ended.stdout).toContain(', 2 pairs without a verdict')
  })
})

describe('a judge', () => {
  it('that looks several times is told with its alpha, and its name and texts never become markup', async () => {
    await using judge = await startPairJudge((_, call) => said(call % 3 === 0 ? 'fail' : 'pass'))
    const name = '<img src=x onerror=alert(1)>'
    await using folder = await folderWith(judge, { checks: [{ type: 'judge', name, rubric: 'polite', samples: 3 }] })
    expect((await run(folder, {})).code).toBe(0)
    const [reliability] = (await comparisonOf(folder)).reliability ?? []
    expect(reliability).toMatchObject({ check: name, judged: 2 * cases })
    expect(reliability?.alpha).toBeLessThan(0.5)
    expect(await readFile(join(folder.artifacts, 'report.html'), 'utf8')).not.toContain('<img')
  })

  it.each([
    ['nonsense', 'no JSON at all'],
    ['a refusal', JSON.stringify({ refusal: 'I cannot help with that' })],
    ['another word', JSON.stringify({ reasoning: 'x', verdict: 'excellent' })],
    ['that the key is wrong', 401],
    ['nothing', ''],
  ])('that answers %s leaves trials without a score, and proves nothing', async (_, answer) => {
    await using judge = await startPairJudge(() => answer)
    await using folder = await folderWith(judge, { checks: [{ type: 'judge', rubric: 'polite' }] })
    const ended = await run(folder, {})
    expect(ended.code).toBe(5)
    expect(ended.stdout).toContain('24 of 24 trials have no score')
  })
})
