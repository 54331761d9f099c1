import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { comparisonSchema, matrixSchema } from '../domain/api-experiment.ts'
import { manifestSchema } from '../domain/manifest.ts'
import type { RunManifest, TrialSpec } from '../domain/manifest.ts'
import type { RunStore, StoredRun, StoredTask } from '../domain/stored-run.ts'
import type { TrialOutput } from '../domain/test-result.ts'
import { submitTasks } from '../engine/recorded.ts'
import { recordOf, storedTrials } from './experiment-record.ts'
import { reportRun } from './experiment-report.ts'
import { experimentComparison } from './experiment-view-comparison.ts'
import { experimentMatrix } from './experiment-view.ts'
import type { MatrixQuery } from './experiment-view.ts'
import { openRunStore, thisProcess } from './store.ts'

let folder: string
let store: RunStore
const storeAt = () => join(folder, 'runs.db')
const where = { cwd: '/', env: {}, signal: new AbortController().signal }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-view-'))
  store = await openRunStore(storeAt())
})

afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

const cases = 12
const variants = ['plain', 'careful']

function manifests(workflows = ['bot']): RunManifest[] {
  return workflows.flatMap((workflowId) =>
    variants.map((variantId) =>
      manifestSchema.parse({
        id: `${workflowId}/${variantId}`,
        experiment: 'replies',
        workflowId,
        variantId,
        workflow: { id: workflowId, target: 'stub' },
        variant: { id: variantId },
        cases: Array.from({ length: cases }, (_, number) => ({
          id: number.toString(16).padStart(16, '0'),
          name: `row ${number + 1}`,
          dataset: 'rows',
          parameters: { tier: number % 2 === 0 ? 'gold' : 'plain' },
          inputs: { number },
        })),
        repeats: 2,
        gates: ['careful > plain'],
      }),
    ),
  )
}

const answer: TrialOutput = {
  status: 'succeeded',
  text: 'fine',
  outputs: null,
  timing: { totalMs: 40 },
  nodes: [],
  nodeRetries: 0,
  ids: {},
  recovered: false,
  scores: [],
  score: 1,
  passed: true,
}

const wrong: Partial<TrialOutput> = {
  text: `\u001b[31mno\u0007\n${'x'.repeat(500)}`,
  score: 0,
  passed: false,
  scores: [{ name: 'names the order', type: 'contains', weight: 1, score: 0, passed: false, reason: 'it does not' }],
}
const lost: Partial<TrialOutput> = { status: 'infra_error', text: '', score: undefined, passed: undefined }

type Answering = (trial: {
  readonly number: number
  readonly variant: string
  readonly repeat: number
}) => Partial<TrialOutput> | undefined

/** Of the even cases, `plain` fails one of two repeats, of row 3 the server loses one; `careful` passes all. */
const usual: Answering = ({ number, variant, repeat }) => {
  if (variant === 'plain' && number % 2 === 0 && repeat === 1) return wrong
  return number === 3 && repeat === 2 ? lost : {}
}

interface Going {
  readonly run: StoredRun
  answer(answering: Answering): Promise<void>
  end(): Promise<void>
}

async function begin(id: string, given = manifests()): Promise<Going> {
  const input = recordOf(given)
  await submitTasks(store, { id, kind: 'experiment', title: id, input, folder: join(folder, id) }, storedTrials(given))
  const run = await store.claim(id, thisProcess(), 60_000)
  if (run === undefined) throw new Error('not claimed')
  return {
    run,
    answer: async (answering) => {
      const journal = store.journal(id, run.epoch)
      for (const task of await store.unfinished(id, -1, 10_000)) await answerTask(journal, task, { given, answering })
      await journal.close()
    },
    end: async () => {
      await store.end(id, { state: 'finished', verdict: 'passed', exitCode: 0 }, run.epoch)
    },
  }
}

async function answerTask(
  journal: ReturnType<RunStore['journal']>,
  task: StoredTask,
  { given, answering }: { readonly given: readonly RunManifest[]; readonly answering: Answering },
): Promise<void> {
  const { manifest, repeat, case: spec } = task.payload as TrialSpec
  const variant = given[manifest]?.variantId ?? ''
  const said = answering({ number: Number(spec.inputs['number']), variant, repeat })
  if (said === undefined) return
  const times = { startedAt: 1, endedAt: 2, serviceMs: 1, queueMs: 0, rateMs: 0 }
  const attempt = { number: 1, state: 'succeeded' as const, ...times }
  const result = { task, state: 'succeeded' as const, attempts: [attempt], usage: { tokens: 0, costUsd: 0 } }
  await journal.append({ kind: 'result', seq: task.seq, result: { ...result, output: { ...answer, ...said } } })
}

const matrix = (id: string, query: Partial<MatrixQuery> = {}) =>
  experimentMatrix({ store }, id, { limit: 50, different: 'false', ...query })

describe('the matrix of an experiment', () => {
  it('folds repeats, counts errors apart, and tells where variants do not agree', async () => {
    const going = await begin('folded')
    await going.answer(usual)
    await going.end()
    const found = matrixSchema.parse(await matrix('folded'))
    expect(found.columns).toEqual([
      { key: 'bot/plain', workflowId: 'bot', variantId: 'plain', isBaseline: true },
      { key: 'bot/careful', workflowId: 'bot', variantId: 'careful', isBaseline: false },
    ])
    expect(found.items.map(({ name }) => name)).toEqual(Array.from({ length: cases }, (_, at) => `row ${at + 1}`))
    const [first, second, , fourth] = found.items
    expect(first).toMatchObject({ isDifferent: true, parameters: { tier: 'gold' } })
    expect(first?.cells['bot/plain']).toMatchObject({ trials: 2, passed: 1, failed: 1, score: 0.5, latencyMs: 40 })
    expect(second).toMatchObject({ isDifferent: false })
    expect(fourth?.cells['bot/plain']).toMatchObject({ trials: 2, passed: 1, errored: 1, pending: 0 })
    expect(fourth).toMatchObject({ isDifferent: false })
    const seqs = found.items.flatMap(({ cells }) => Object.values(cells).flatMap((cell) => cell.seqs))
    expect(seqs.toSorted((one, other) => one - other)).toEqual(Array.from({ length: 48 }, (_, seq) => seq))
  })

  it('quotes answers and reasons as one line of plain text', async () => {
    const { items } = await matrix('folded')
    const cell = items[0]?.cells['bot/plain']
    expect(cell?.excerpt).toMatch(/^no x{196}…$/)
    expect(cell?.why).toBe('names the order: it does not')
    expect(items[0]?.cells['bot/careful']?.why).toBeUndefined()
  })

  it('leads through all rows once, and refuses a cursor of something else', async () => {
    for (const different of ['true', 'false'] as const) {
      const names: string[] = []
      let cursor: string | undefined
      do {
        const page = await matrix('folded', { limit: 5, different, cursor })
        names.push(...page.items.map(({ name }) => name))
        cursor = page.nextCursor
      } while (cursor !== undefined)
      const all = Array.from({ length: cases }, (_, at) => at + 1).filter(
        (row) => different === 'false' || row % 2 === 1,
      )
      expect(names).toEqual(all.map((row) => `row ${row}`))
    }
    await expect(matrix('folded', { cursor: 'bm9uZQ' })).rejects.toMatchObject({ code: 'body_invalid' })
  })

  it('shows what is still to come, and takes in what has come', async () => {
    const going = await begin('growing')
    await going.answer(({ number }) => (number < 3 ? {} : undefined))
    const before = await matrix('growing')
    expect(before.items).toHaveLength(cases)
    expect(before.items[2]?.cells['bot/plain']).toMatchObject({ passed: 2, pending: 0 })
    expect(before.items[3]?.cells['bot/plain']).toMatchObject({ trials: 2, passed: 0, pending: 2 })
    await going.answer(({ number }) => (number < 6 ? wrong : undefined))
    await going.end()
    const after = await matrix('growing')
    expect(after.items[2]?.cells['bot/plain']).toMatchObject({ passed: 2 })
    expect(after.items[5]?.cells['bot/plain']).toMatchObject({ failed: 2, pending: 0 })
    // What never began has no verdict.
    expect(after.items[6]?.cells['bot/plain']).toMatchObject({ errored: 2, pending: 0 })
  })

  it('keeps to one workflow where it is told to', async () => {
    const going = await begin('several', manifests(['bot', 'search']))
    await going.answer(() => ({}))
    await going.end()
    const both = await matrix('several')
    expect(both.items).toHaveLength(2 * cases)
    const one = await matrix('several', { workflow: 'search' })
    expect(one.columns.map(({ key, isBaseline }) => [key, isBaseline])).toEqual([
      ['search/plain', true],
      ['search/careful', false],
    ])
    expect(new Set(one.items.map(({ workflowId }) => workflowId))).toEqual(new Set(['search']))
    expect(Object.keys(one.items[0]?.cells ?? {}).toSorted()).toEqual(['search/careful', 'search/plain'])
  })

  it('is none of another kind of run', async () => {
    await store.create({ id: 'pipe', kind: 'pipeline', title: 'pipe', input: {} })
    await expect(matrix('pipe')).rejects.toMatchObject({ code: 'run_unknown' })
    await expect(matrix('nowhere')).rejects.toMatchObject({ code: 'run_unknown' })
  })
})

describe('the comparison of an experiment', () => {
  const compare = (id: string) => experimentComparison({ store, storeAt: storeAt(), where }, id)

  it('claims nothing while the run goes on', async () => {
    const going = await begin('open')
    await going.answer((trial) => (trial.number < 8 ? usual(trial) : undefined))
    const found = comparisonSchema.parse(await compare('open'))
    expect(found).toMatchObject({ isFinal: false, gates: [], winners: {}, findings: [], baseline: 'plain' })
    expect(found.trials).toEqual({ expected: 48, done: 32, missing: 2 })
    const pair = found.pairs.find(({ metric }) => metric === 'pass_rate')
    expect(pair).toMatchObject({ variant: 'careful', verdict: 'open', cases: 8 })
    expect(pair?.difference).toBeGreaterThan(0)
    expect(pair).not.toHaveProperty('p')
  })

  it('is that of the report of the run, and the same without its folder', async () => {
    const going = await begin('ended')
    await going.answer(usual)
    await reportRun({ store, run: going.run, folder: join(folder, 'ended'), redact: (text) => text })
    await going.end()
    const read = comparisonSchema.parse(await compare('ended'))
    expect(read).toMatchObject({ isFinal: true, trials: { expected: 48, done: 48, missing: 2 } })
    expect(read.gates).toEqual([expect.objectContaining({ gate: 'careful > plain' })])
    expect(read.findings.length).toBeGreaterThan(0)

    // What lies in the folder may be anybody's: a link is not followed, and nonsense is not believed.
    const linked = await begin('linked')
    await linked.answer(usual)
    await linked.end()
    await writeFile(join(folder, 'elsewhere.json'), '{"baseline":"forged"}')
    await reportRun({ store, run: going.run, folder: join(folder, 'linked'), redact: (text) => text })
    await rm(join(folder, 'linked', 'comparison.json'))
    await symlink(join(folder, 'elsewhere.json'), join(folder, 'linked', 'comparison.json'))
    const computed = comparisonSchema.parse(await compare('linked'))
    expect(computed).toEqual(read)
  })

  it('of a run that tried nothing is empty', async () => {
    const going = await begin('nothing')
    await going.end()
    const found = await compare('nothing')
    expect(found).toMatchObject({ isFinal: true, trials: { expected: 48, done: 48, missing: 48 } })
  })
})
