import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Comparison } from '../../src/domain/comparison.ts'
import { camelKeys } from '../../src/lib/snake-keys.ts'
import { experimentFolder } from '../support/experiment-folder.ts'
import type { ExperimentFolder } from '../support/experiment-folder.ts'
import { cli } from './cli.ts'
import type { Ended } from './cli.ts'

// The variant 中 never answers q0 in time and is right otherwise; the one before it is right half the time.
const program = `
export const execute = ({ inputs, prompt }) => {
  const number = Number(inputs.q.slice(1))
  if (prompt === 'good' && number === 0) return new Promise(() => {})
  return { status: 'succeeded', workflow_run_id: 'r', outputs: { text: prompt === 'good' || number % 2 ? 'yes' : 'no' } }
}`
const count = 20
let folder: ExperimentFolder
let env: Readonly<Record<string, string>> = {}
let ended: Ended

beforeAll(async () => {
  const scenarios = Array.from({ length: count }, (_, index) => ({ inputs: { q: `q${index}` } }))
  folder = await experimentFolder({
    env: {},
    workflows: [{ id: 'app', target: 'module', file: 'app.mjs', timeout_seconds: 0.5, parameters: [{ name: 'q' }] }],
    plan: {
      name: 'compared',
      datasets: [{ name: 'd', scenarios }],
      prompt_variants: [
        { id: 'the.old-1', prompt: 'bad' },
        { id: '中.文-2', prompt: 'good' },
      ],
      evaluation: { checks: [{ type: 'equals', value: 'yes' }] },
      execution: { concurrency: 8 },
      gates: ['中.文-2 > 0.5', 'lower(pass_rate(中.文-2)) >= 0.5'],
    },
    others: { 'app.mjs': program },
  })
  env = { GREENLOOP_STORE: join(folder.path, 'store.db') }
  ended = await cli(['experiment', 'run', 'plan.yaml', '--run-id', 'r', '--no-progress'], { cwd: folder.path, env })
})
afterAll(() => folder[Symbol.asyncDispose]())

const compare = (...args: readonly string[]): Promise<Ended> =>
  cli(['experiment', 'compare', ...args], { cwd: folder.path, env })

function comparisonIn({ stdout }: Ended): Comparison {
  return (camelKeys(JSON.parse(stdout)) as { comparison: Comparison }).comparison
}

describe('a comparison of recorded results', () => {
  it('is that of the run, from the store and from its folder: order, baseline, figures', async () => {
    expect(ended.code).toBe(0)
    const own = comparisonIn(ended)
    expect(own.baseline).toBe('the.old-1')
    for (const source of ['r', 'artifacts/r', 'artifacts/r/results.jsonl']) {
      const { gates: _, ...compared } = comparisonIn(await compare(source))
      expect(compared).toEqual({ ...own, gates: undefined })
    }
  })

  it('scores a trial that ran out of time as 0, where others have a score', async () => {
    const score = comparisonIn(ended).summaries.map(({ estimates }) =>
      estimates.find(({ metric }) => metric === 'score'),
    )
    expect(score).toMatchObject([
      { trials: count, value: 0.5 },
      { trials: count, value: (count - 1) / count },
    ])
  })

  it('keeps runs apart, also those whose folders have the same name', async () => {
    for (const place of ['x/same', 'y/same']) {
      await mkdir(join(folder.path, place), { recursive: true })
      await copyFile(join(folder.artifacts, 'results.jsonl'), join(folder.path, place, 'results.jsonl'))
    }
    const both = await compare('x/same', 'y/same', '--gate', '中.文-2@same-2 >= 中.文-2@same - 0.5')
    expect(both.code).toBe(0)
    const { summaries } = comparisonIn(both)
    expect(summaries.map(({ trials }) => trials)).toEqual([count, count, count, count])
  })

  it.each([
    ['a source twice', ['r', 'r'], '`r` is given twice'],
    ['a baseline', ['r', '--baseline', 'gone'], 'there is no variant `gone` in these results'],
    ['a metric', ['r', '--metric', 'tone'], 'no result has the metric `tone`'],
    ['a primary metric', ['r', '--primary', 'tone'], 'no result has the metric `tone`'],
    ['a variant of a gate', ['r', '--gate', 'gone > 0.5'], 'gate `gone > 0.5`: no variant is called gone'],
    ['a gate that cannot be read', ['r', '--gate', '> 0.5'], 'the gate `> 0.5` cannot be used'],
    ['an empty file', ['empty.jsonl'], 'there are no results in empty.jsonl'],
    ['half a line', ['half.jsonl'], 'half.jsonl:2'],
    ['another file', ['plan.yaml'], 'this line is not JSON'],
    ['nothing of the name', ['gone'], 'there is no run `gone`'],
  ])('refuses %s, and says why', async (_, args, message) => {
    const [first = ''] = (await readFile(join(folder.artifacts, 'results.jsonl'), 'utf8')).split('\n')
    await writeFile(join(folder.path, 'half.jsonl'), `${first}\n${first.slice(0, 300)}`)
    await writeFile(join(folder.path, 'empty.jsonl'), '\n')
    const refused = await compare(...args)
    expect(refused.stderr).toContain(message)
    expect(refused.code).toBe(2)
  })

  it('fails by a gate, and by one on a metric that nothing has', async () => {
    const failed = await compare('r', '--gate', '中.文-2 >= 0.99', '--gate', 'tone(中.文-2) > 0.5')
    expect(failed.code).toBe(1)
    expect(comparisonIn(failed).gates.map(({ passed }) => passed)).toEqual([false, false])
  })

  it('is a table for a merge request', async () => {
    const { stdout } = await compare('r', '--markdown')
    expect(stdout).toMatch(/\| 中\.文-2 ★ \| 95\.0 % /)
  })
})
