import type { Comparison, Estimate, Metric, PairComparison, VariantSummary } from '../domain/comparison.ts'
import { type ManifestHead, manifestSchema } from '../domain/manifest.ts'
import type { TestResult } from '../domain/test-result.ts'
import { createRandom } from '../lib/random.ts'
import type { ReportEnd, ReportFacts } from './report-facts.ts'

/** A manifest without cases. */
export function manifestHead(workflowId: string, variantId: string, repeats = 1): ManifestHead {
  const { cases: _, ...head } = manifestSchema.parse({
    id: `${workflowId}/${variantId}`,
    experiment: 'support answers',
    workflowId,
    variantId,
    workflow: { id: workflowId, target: 'stub' },
    variant: { id: variantId, description: `The ${variantId} prompt` },
    cases: [],
    repeats,
  })
  return head
}

/** Facts of an experiment with these variants of one workflow. */
export function reportFacts(
  overrides: Partial<ReportFacts> = {},
  variants: readonly string[] = ['a', 'b'],
): ReportFacts {
  return {
    runId: 'e-20261121-7f3a',
    title: 'Support answers: is the short prompt as good?',
    startedAt: Date.UTC(2026, 10, 21, 9, 30),
    manifests: variants.map((variant) => manifestHead('support-bot', variant)),
    casesByWorkflow: { 'support-bot': 1 },
    seed: 7,
    redact: (text) => text,
    toolVersion: '0.1.0',
    ...overrides,
  }
}

/** A trial that passed. */
export function trialResult(overrides: Partial<TestResult> = {}): TestResult {
  const workflowId = overrides.workflowId ?? 'support-bot'
  const variantId = overrides.variantId ?? 'a'
  const caseId = overrides.caseId ?? '0123456789abcdef'
  const repeat = overrides.repeat ?? 1
  return {
    id: `${workflowId}/${variantId}/${caseId}/${repeat}`,
    workflowId,
    variantId,
    promptVariant: variantId,
    caseId,
    caseName: 'refund for a broken kettle',
    dataset: 'tickets',
    repeat,
    block: 0,
    state: 'succeeded',
    status: 'succeeded',
    parameters: { lang: 'en', tone: 'polite' },
    inputs: { lang: 'en', tone: 'polite', orderId: 'K-7' },
    query: 'My kettle is broken. What now?',
    outputs: { text: 'We will send you a new one.' },
    text: 'We will send you a new one.',
    usage: { inputTokens: 210, outputTokens: 32, totalTokens: 242 },
    tokens: 242,
    cost: { amount: '0.0003120', currency: 'USD', source: 'node' },
    latencyMs: 840,
    timing: { connectMs: 3, ttftMs: 210, totalMs: 840, queuedMs: 12, rateMs: 0 },
    nodes: [],
    ids: { taskId: 't-1', runId: 'r-1' },
    scores: [
      { name: 'mentions a new one', type: 'contains', metric: 'helpful', weight: 1, score: 1, passed: true },
      {
        name: 'polite',
        type: 'judge',
        metric: 'tone',
        weight: 1,
        score: 0.9,
        passed: true,
        reason: 'It thanks the customer.',
      },
    ],
    score: 0.95,
    passed: true,
    attempts: [{ number: 1, state: 'succeeded', startedAt: 0, endedAt: 840, serviceMs: 840, queueMs: 12, rateMs: 0 }],
    nodeRetries: 0,
    recovered: false,
    metadata: {},
    ...overrides,
  }
}

const words =
  'we will send you a new one within three days and refund the postage please keep the receipt thank you for your patience the warranty covers this for two years'.split(
    ' ',
  )

/** Many trials: every case under every variant, `repeats` times, drawn by a seed; the later a variant, the better it is. */
export function* manyTrials(count: {
  readonly cases: number
  readonly variants: readonly string[]
  readonly repeats: number
  readonly words?: number
}): Generator<TestResult> {
  const random = createRandom(11)
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)]
  for (let at = 0; at < count.cases; at++) {
    const lang = ['en', 'de', 'zh'][at % 3] ?? 'en'
    const tone = ['polite', 'brief'][Math.floor(at / 3) % 2] ?? 'brief'
    const length = [100, 400, 1000][Math.floor(at / 6) % 3] ?? 100
    const hardness = random()
    for (const [rank, variantId] of count.variants.entries()) {
      for (let repeat = 1; repeat <= count.repeats; repeat++) {
        const text = Array.from({ length: count.words ?? 24 }, () => pick(words)).join(' ')
        const bad = random() < hardness * (0.7 - rank * 0.18) + (lang === 'zh' && tone === 'brief' ? 0.5 : 0)
        const lost = random() < 0.01
        const latencyMs = Math.round(400 + 900 * random() ** 3 + rank * 180 + length / 4)
        yield trialResult({
          variantId,
          caseId: (at + 1).toString(16).padStart(16, '0'),
          caseName: `ticket ${at + 1} · ${lang} · ${tone}`,
          repeat,
          parameters: { lang, tone, length },
          inputs: { lang, tone, length, orderId: `K-${at}` },
          text: lost ? '' : text,
          outputs: lost ? {} : { text },
          latencyMs: lost ? undefined : latencyMs,
          timing: { ttftMs: 150 + Math.round(100 * random()), totalMs: latencyMs, queuedMs: 4, rateMs: 0 },
          cost: lost
            ? undefined
            : { amount: (0.0002 + 0.0001 * random() + rank * 0.0001).toFixed(7), currency: 'USD', source: 'node' },
          ...(lost ? lostParts : bad ? failedParts : {}),
        })
      }
    }
  }
}

const lostParts = {
  status: 'infra_error',
  state: 'error',
  scores: [],
  score: undefined,
  passed: undefined,
  error: { message: 'the connection was reset', code: 'target_unreachable' },
} as const

const failedParts = {
  scores: [
    {
      name: 'mentions a new one',
      type: 'contains',
      metric: 'helpful',
      weight: 1,
      score: 0,
      passed: false,
      reason: 'the answer does not contain "new one"',
    },
    { name: 'polite', type: 'judge', metric: 'tone', weight: 1, score: 0.6, passed: true },
  ],
  score: 0.3,
  passed: false,
} as const

const metrics: readonly Metric[] = [
  { name: 'pass_rate', kind: 'binary', better: 'higher', primary: true, unit: '' },
  { name: 'score', kind: 'score', better: 'higher', primary: false, unit: '' },
  { name: 'latency', kind: 'latency', better: 'lower', primary: false, unit: 'ms' },
  { name: 'cost', kind: 'cost', better: 'lower', primary: false, unit: 'USD' },
]

/** A conclusion of the usual shape. The figures are made up; only their form matters here. */
export function comparison(
  variants: readonly string[] = ['a', 'b'],
  workflows: readonly string[] = ['support-bot'],
): Comparison {
  const [baseline = 'a', ...others] = variants
  return {
    metrics,
    baseline,
    alpha: 0.05,
    summaries: workflows.flatMap((workflowId) =>
      variants.map((variantId, rank) => summaryOf(workflowId, variantId, rank)),
    ),
    pairs: workflows.flatMap((workflowId) =>
      others.flatMap((variant, rank) =>
        metrics.map((metric) => pairOf({ workflowId, baseline, variant, metric, rank })),
      ),
    ),
    gates: [
      { gate: 'b >= a - 0.02', passed: true, reason: 'b - a = 0.118, lower bound 0.041 is above -0.02' },
      { gate: 'latency.p95(b) <= 2000', passed: false, reason: 'latency.p95(b) = 2140 ms is above 2000 ms' },
    ],
    suspects: workflows.slice(0, 1).flatMap((workflowId) => [
      ...Array.from({ length: 9 }, (_, index) => ({
        workflowId,
        variantId: baseline,
        parameters: { lang: 'zh', model: `m${index}` },
        failed: 9 - index,
        passed: 3,
        explains: false,
      })),
      {
        workflowId,
        variantId: baseline,
        parameters: { lang: 'zh', tone: 'brief' },
        failed: 21,
        passed: 3,
        explains: true,
      },
    ]),
    reliability: workflows.flatMap((workflowId) => [
      { workflowId, check: 'polite', judged: 1180, alpha: 0.712, agreement: 0.86 },
      {
        workflowId,
        check: 'preference',
        judged: 396,
        undecided: 4,
        position: { pairs: 396, consistent: 0.7, first: 0.22, second: 0.08, bias: 0.14 },
      },
    ]),
    winners: { 'support-bot': 'b' },
    findings: [
      'b passes 11.8 points more of the cases than a; 95 % interval 4.1 to 19.3, adjusted p 0.004.',
      'b is 182 ms slower than a by the median; interval 120 to 240 ms.',
      'With lang = zh and tone = brief, 21 of 24 trials of a fail.',
    ],
  }
}

function summaryOf(workflowId: string, variantId: string, rank: number): VariantSummary {
  const values = [0.712 + 0.06 * rank, 0.78 + 0.05 * rank, 870 + 180 * rank, 0.00031 + 0.0001 * rank]
  const estimates = metrics.map(({ name, kind }, at): Estimate => {
    const value = values[at] ?? 0
    const interval = {
      low: value * 0.94,
      high: value * 1.05,
      level: 0.95,
      method: kind === 'binary' ? 'wilson' : 'bca',
    }
    const quantiles = { p50: value, p90: value * 1.6, p95: value * 2, p99: value * 3 }
    return { metric: name, value, interval, cases: 200, trials: 600, ...(kind === 'latency' ? { quantiles } : {}) }
  })
  const passAt = [1, 2, 3].map((k) => ({ k, passAtK: 1 - 0.3 ** k, passHatK: 0.7 ** k }))
  return {
    workflowId,
    variantId,
    trials: 600,
    scored: 594,
    missing: { infrastructure: 6 },
    estimates,
    passAt,
    flaky: 0.21,
  }
}

function pairOf(parts: {
  readonly workflowId: string
  readonly baseline: string
  readonly variant: string
  readonly metric: Metric
  readonly rank: number
}): PairComparison {
  const { metric, rank, ...names } = parts
  const difference = { binary: 0.118, score: 0.012, latency: 182, cost: 0.0001, tokens: 12 }[metric.kind] * (rank + 1)
  const verdict = (
    { binary: 'better', score: 'not_enough_evidence', latency: 'worse', cost: 'worse', tokens: 'identical' } as const
  )[metric.kind]
  const width = metric.kind === 'score' ? 0.03 : difference * 0.6
  return {
    ...names,
    metric: metric.name,
    cases: 200,
    difference,
    ...(metric.kind === 'latency' ? { ratio: 1.21 } : {}),
    interval: { low: difference - width, high: difference + width, level: 0.95, method: 'bca' },
    test: metric.kind === 'binary' ? 'mcnemar exact' : 'sign flip',
    p: metric.kind === 'score' ? 0.41 : 0.001,
    adjustedP: metric.kind === 'score' ? 0.82 : 0.004,
    ...(metric.kind === 'binary' ? { discordant: { baselineOnly: 9, variantOnly: 33 } } : {}),
    verdict,
  }
}

/** An end with the conclusion above. */
export function reportEnd(variants?: readonly string[]): ReportEnd {
  return { comparison: comparison(variants), endedAt: Date.UTC(2026, 10, 21, 9, 42) }
}
