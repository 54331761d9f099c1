import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { array, assert as assertAsync, asyncProperty, string } from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canParseXml, parseXml } from '../../tests/fixtures/xml.ts'
import type { TestResult } from '../domain/test-result.ts'
import { plainText } from '../lib/plain-text.ts'
import { openReport } from './report-files.ts'
import { comparison, manyTrials, reportEnd, reportFacts, trialResult } from './report.fixture.ts'
import type { ReportEnd, ReportFacts } from './report-facts.ts'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'greenloop-reports-'))
})
afterAll(() => rm(root, { recursive: true }))

interface Written {
  readonly folder: string
  readonly text: (name: string) => Promise<string>
  readonly json: (name: string) => Promise<Record<string, unknown>>
}

async function write(
  results: Iterable<TestResult>,
  options: { readonly facts?: Partial<ReportFacts>; readonly end?: ReportEnd } = {},
): Promise<Written> {
  const folder = await mkdtemp(join(root, 'run-'))
  const writer = await openReport(reportFacts(options.facts), folder)
  for (const result of results) await writer.add(result)
  await writer.finish(options.end ?? reportEnd())
  const text = (name: string) => readFile(join(folder, name), 'utf8')
  return { folder, text, json: async (name) => JSON.parse(await text(name)) as Record<string, unknown> }
}

const rowsOf = (csv: string) => parse(csv, { columns: true }) as Record<string, string>[]

describe('openReport', () => {
  it('writes every report, and nothing else stays', async () => {
    const { folder } = await write([trialResult(), trialResult({ variantId: 'b' })])
    expect((await readdir(folder)).sort()).toEqual([
      'comparison.json',
      'junit.xml',
      'promptfoo.json',
      'report.html',
      'results.csv',
      'results.jsonl',
      'summary.json',
    ])
  })

  it('shows no file before all are whole, and leaves none behind when it is given up', async () => {
    const folder = await mkdtemp(join(root, 'run-'))
    const writer = await openReport(reportFacts(), folder)
    await writer.add(trialResult())
    expect((await readdir(folder)).filter((name) => !name.startsWith('.'))).toEqual([])
    await writer.discard()
    expect(await readdir(folder)).toEqual([])
  })

  it('writes for an experiment without a single result', async () => {
    const { text, json } = await write([])
    expect(await text('results.jsonl')).toBe('')
    expect(await json('summary.json')).toMatchObject({ verdict: 'failed', trials: { expected: 2, done: 0 } })
  })

  it('takes secrets out of every file', async () => {
    const secret = 'app-verysecretkey'
    const result = trialResult({
      text: `the key is ${secret}`,
      inputs: { [secret]: secret },
      error: { message: `refused ${secret}` },
      metadata: { note: [secret] },
      parameters: { lang: secret },
      caseName: secret,
    })
    const told = { ...comparison(), findings: [`${secret} leaks`] }
    const facts = { title: `about ${secret}`, redact: (text: string) => text.replaceAll(secret, '***') }
    const { folder, text } = await write([result], { facts, end: { comparison: told } })
    for (const name of await readdir(folder)) expect(await text(name)).not.toContain(secret)
    expect(await text('results.csv')).toContain('refused ***')
  })

  it('cannot be opened below a file, and says so', async () => {
    await expect(openReport(reportFacts(), join(import.meta.filename, 'below'))).rejects.toMatchObject({
      code: 'artifact_failed',
    })
  })
})

describe('results.jsonl', () => {
  it('holds a result in each line, with keys in snake_case and names of users as they are', async () => {
    const { text } = await write([trialResult({ inputs: { orderId: 'K-7' } }), trialResult({ variantId: 'b' })])
    const lines = (await text('results.jsonl')).trimEnd().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { variant_id: string }).variant_id)).toEqual(['a', 'b'])
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      case_id: '0123456789abcdef',
      prompt_variant: 'a',
      inputs: { orderId: 'K-7' },
      timing: { ttft_ms: 210, queued_ms: 12 },
      usage: { input_tokens: 210 },
    })
  })

  it('spells out what a terminal would obey, and gives the same text back', async () => {
    const hostile = 'a\u001b[31m\u009b2J\u202eb\u2028c'
    const { text } = await write([trialResult({ text: hostile })])
    const lines = await text('results.jsonl')
    expect(lines).not.toMatch(/[\u001b\u009b\u202e\u2028]/)
    expect(JSON.parse(lines)).toMatchObject({ text: hostile })
  })
})

describe('results.csv', () => {
  it('has a column for each parameter and metric, whichever trial they come from', async () => {
    const { text } = await write([
      trialResult({ parameters: { lang: 'en' } }),
      trialResult({ variantId: 'b', parameters: { tone: 'brief' }, scores: [], passed: undefined, cost: undefined }),
    ])
    const [first, second] = rowsOf(await text('results.csv'))
    expect(first).toMatchObject({ 'param.lang': 'en', 'param.tone': '', 'metric.helpful': '1', 'metric.tone': '0.9' })
    expect(second).toMatchObject({
      'param.lang': '',
      'param.tone': 'brief',
      'metric.helpful': '',
      passed: '',
      cost: '',
    })
    expect(first).toMatchObject({ cost: '0.000312', currency: 'USD', latency_ms: '840', total_tokens: '242' })
  })

  it('keeps texts whole and harmless for spreadsheets', async () => {
    const texts = ['=HYPERLINK("x")', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', 'a "quoted", long\r\nline', '12']
    const { text } = await write(texts.map((each, at) => trialResult({ text: each, repeat: at + 1 })))
    const csv = await text('results.csv')
    expect(rowsOf(csv).map((row) => row['text'])).toEqual([
      `'=HYPERLINK("x")`,
      `'+1`,
      `'-1`,
      `'@SUM(A1)`,
      `'\t=1`,
      `' =1`,
      'a "quoted", long\nline',
      '12',
    ])
    expect(csv.endsWith('\r\n')).toBe(true)
  })
})

describe('junit.xml', () => {
  it('folds repeats: any failure fails the case, with the counts', async () => {
    const failed = {
      passed: false,
      scores: [{ name: 'short', type: 'range', weight: 1, score: 0, passed: false, reason: '99 > 50' }],
    } as const
    const lost = { status: 'infra_error', passed: undefined, error: { message: 'reset' } } as const
    const { text } = await write([
      trialResult({ repeat: 1 }),
      trialResult({ repeat: 2, ...failed }),
      trialResult({ variantId: 'b', repeat: 1 }),
      trialResult({ variantId: 'b', repeat: 2, ...lost }),
      trialResult({ variantId: 'c', ...lost }),
      trialResult({ variantId: 'd', status: 'cancelled', passed: undefined }),
      trialResult({ variantId: 'e', ...failed }),
    ])
    const xml = await text('junit.xml')
    if (canParseXml) expect(parseXml(xml).tag).toBe('testsuites')
    expect(xml).toContain('tests="5" failures="2" errors="1" skipped="1"')
    expect(xml).toContain('type="flaky">1 passed, 1 failed.\n\nshort: 99 &gt; 50</failure>')
    expect(xml).toContain('<system-out>1 passed, 1 missing.</system-out>')
    expect(xml).toMatch(/<error message="1 missing. reset" type="missing">/)
    expect(xml).toContain('<skipped message="1 cancelled."/>')
    expect(xml).toContain('type="failed"')
    expect(xml).toContain('<property name="tone" value="polite"/>')
  })

  it('names every case of a suite differently', async () => {
    const ids = ['000000000000000a', '000000000000000b', '000000000000000c']
    const { text } = await write(ids.map((caseId) => trialResult({ caseId })))
    const names = [...(await text('junit.xml')).matchAll(/<testcase classname="[^"]*" name="([^"]*)"/g)]
    expect(new Set(names.map(([, name]) => name)).size).toBe(3)
  })
})

describe('promptfoo.json', () => {
  it('has the shape of its results, version 3', async () => {
    const failed = { passed: false, score: 0.2 } as const
    const { json } = await write([
      trialResult(),
      trialResult({ variantId: 'b', ...failed }),
      trialResult({
        caseId: '000000000000000b',
        status: 'infra_error',
        passed: undefined,
        score: undefined,
        scores: [],
      }),
    ])
    const file = await json('promptfoo.json')
    expect(file).toMatchObject({ evalId: 'greenloop-e-20261121-7f3a', shareableUrl: null, config: {} })
    const { version, results, prompts, stats } = file['results'] as {
      version: number
      results: Record<string, unknown>[]
      prompts: Record<string, unknown>[]
      stats: unknown
    }
    expect(version).toBe(3)
    expect(stats).toMatchObject({ successes: 1, failures: 1, errors: 1, tokenUsage: { total: 726 } })
    expect(prompts.map(({ label, provider }) => [label, provider])).toEqual([
      ['support-bot/a', 'support-bot'],
      ['support-bot/b', 'support-bot'],
    ])
    expect(prompts[0]).toMatchObject({ metrics: { testPassCount: 1, testErrorCount: 1, assertPassCount: 2 } })
    expect(
      results.map(({ promptIdx, testIdx, success, failureReason }) => [promptIdx, testIdx, success, failureReason]),
    ).toEqual([
      [0, 0, true, 0],
      [1, 0, false, 1],
      [0, 1, false, 2],
    ])
    expect(results[0]).toMatchObject({
      score: 0.95,
      latencyMs: 840,
      cost: 0.000312,
      response: { output: 'We will send you a new one.', tokenUsage: { prompt: 210, completion: 32 } },
      gradingResult: {
        pass: true,
        componentResults: [{ pass: true, assertion: { type: 'contains' } }, { assertion: { type: 'llm-rubric' } }],
      },
      namedScores: { helpful: 1, tone: 0.9 },
    })
  })

  it('does not give a check that only informs as the reason of a trial that passed', async () => {
    const informs = { name: 'quick', type: 'latency', weight: 0, score: 0, passed: false, reason: 'too slow' } as const
    const { json } = await write([trialResult({ scores: [informs], score: 1, passed: true })])
    const { results } = (await json('promptfoo.json'))['results'] as { results: Record<string, unknown>[] }
    expect(results[0]).toMatchObject({ success: true, gradingResult: { pass: true, reason: 'All checks passed' } })
  })
})

describe('summary.json and comparison.json', () => {
  it('counts by variant and says how it ended', async () => {
    const variants = ['a', 'b']
    const { json } = await write(manyTrials({ cases: 20, variants, repeats: 2 }), {
      facts: { casesByWorkflow: { 'support-bot': 20 } },
    })
    const summary = await json('summary.json')
    expect(summary).toMatchObject({ run_id: 'e-20261121-7f3a', verdict: 'failed', winners: { 'support-bot': 'b' } })
    expect(summary['variants']).toMatchObject([
      { variant_id: 'a', trials: 40, pass_rate: { value: 0.712 }, cost: { USD: expect.stringMatching(/^0\.\d+$/) } },
      { variant_id: 'b', trials: 40 },
    ])
  })

  it('is cancelled, incomplete, compared or passed by what happened', async () => {
    const calm = { ...comparison(), gates: [] }
    const holding = { ...comparison(), gates: [{ gate: 'b > a', passed: true, reason: 'yes' }] }
    const both = [trialResult(), trialResult({ variantId: 'b' })]
    const verdictOf = async (results: TestResult[], end: ReportEnd) =>
      (await (await write(results, { end })).json('summary.json'))['verdict']
    expect(await verdictOf(both, { comparison: calm })).toBe('compared')
    expect(await verdictOf(both, { comparison: holding })).toBe('passed')
    expect(await verdictOf([trialResult()], { comparison: holding })).toBe('incomplete')
    expect(await verdictOf(both, { comparison: holding, stopped: { kind: 'cost_budget', message: 'spent' } })).toBe(
      'incomplete',
    )
    expect(await verdictOf(both, { comparison: calm, stopped: { kind: 'cancelled', message: 'Ctrl-C' } })).toBe(
      'cancelled',
    )
  })

  it('writes the comparison in snake_case', async () => {
    const { json } = await write([trialResult()])
    const file = await json('comparison.json')
    expect(file['winners']).toEqual({ 'support-bot': 'b' })
    expect(file['pairs']).toContainEqual(expect.objectContaining({ adjusted_p: 0.004, metric: 'pass_rate' }))
  })
})

it('holds figures only: fifty megabytes of answers pass through a heap that stays small', async () => {
  const text = 'x'.repeat(10_000)
  const folder = await mkdtemp(join(root, 'run-'))
  const writer = await openReport(reportFacts({ casesByWorkflow: { 'support-bot': 1250 } }), folder)
  const before = process.memoryUsage().heapUsed
  let most = 0
  for (let at = 0; at < 2500; at++) {
    const caseId = Math.floor(at / 2)
      .toString(16)
      .padStart(16, '0')
    const answer = `${at} ${text}`
    await writer.add(
      trialResult({ caseId, variantId: at % 2 === 0 ? 'a' : 'b', text: answer, outputs: { text: answer } }),
    )
    most = Math.max(most, process.memoryUsage().heapUsed)
  }
  await writer.finish(reportEnd())
  expect(most - before).toBeLessThan(120_000_000)
})

it('gives texts back from results.csv as they were, whatever is in them', async () => {
  const cell = string({ unit: 'binary', maxLength: 30 })
  await assertAsync(
    asyncProperty(array(cell, { minLength: 1, maxLength: 5 }), async (texts) => {
      const { text } = await write(texts.map((each, at) => trialResult({ repeat: at + 1, text: each })))
      const rows = rowsOf(await text('results.csv'))
      const plain = texts.map(plainText)
      expect(rows.map((row) => row['text'])).toEqual(
        plain.map((each) => (/^\s*[=+\-@]|^[\t\r\n]/.test(each) ? `'${each}` : each)),
      )
    }),
    { numRuns: 40 },
  )
})
