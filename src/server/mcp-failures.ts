import { z } from 'zod'
import type { ApiTask, ApiTaskDetail } from '../client/types.ts'
import { runIdSchema } from '../domain/api-common.ts'
import { capMiddle } from '../lib/plain-text.ts'
import { estimateTokens } from '../lib/tokens.ts'
import { capTokens, fenced, lines } from './mcp-tool.ts'
import type { ToolContext } from './mcp-tool.ts'

/** Failures that are the same, with one of them told in full. */
const failureGroup = z.object({
  fingerprint: z.string(),
  count: z.int().describe('Tests that fail like this.'),
  tests: z.array(z.string()).describe('Some of them.'),
  seq: z.int().describe('Number of the test that is told.'),
  outcome: z.string(),
  type: z.string(),
  message: z.string(),
  place: z.string().optional(),
  expected: z.string().optional(),
  actual: z.string().optional(),
  trace: z.string().optional(),
  source: z.string().optional().describe('Lines around the place.'),
  output: z.string().optional().describe('End of what the test printed.'),
})

/** Failures that are the same. */
type FailureGroup = z.output<typeof failureGroup>

/** What `get_failures` gives. */
export const failuresOutput = z.object({
  runId: runIdSchema,
  failed: z.int().describe('Tests that failed, as far as they were looked through.'),
  groups: z.array(failureGroup),
  leftOut: z.object({ groups: z.int(), tests: z.int() }).describe('What did not fit into `maxTokens`.'),
})

/** What `get_failures` gives. */
type Failures = z.output<typeof failuresOutput>

const mostTests = 2000
const testsNamed = 5

/** Failed tests of a run by what they have in common: what hits most tests first, of equal ones that which came first. */
async function failuresOf(
  id: string,
  { client, signal }: Pick<ToolContext, 'client' | 'signal'>,
): Promise<readonly (readonly ApiTask[])[]> {
  const failed: ApiTask[] = []
  for (const verdict of ['failed', 'errored'] as const) {
    let cursor: string | undefined
    do {
      const query = { verdict, limit: 200, ...(cursor === undefined ? {} : { cursor }) }
      const page = await client.call('listTasks', { params: { id }, query }, { signal })
      failed.push(...page.items)
      cursor = page.nextCursor
    } while (cursor !== undefined && failed.length < mostTests)
  }
  const groups = Map.groupBy(
    failed,
    ({ fingerprint, message, outcome }) => fingerprint ?? `${outcome} ${message ?? ''}`,
  )
  return [...groups.values()].sort(
    (one, other) => other.length - one.length || (one[0]?.seq ?? 0) - (other[0]?.seq ?? 0),
  )
}

/** As many groups as fit into so many tokens, both as text and as data; the first is told in any case, cut where it has to be. */
export async function cappedFailures(
  runId: string,
  maxTokens: number,
  context: Pick<ToolContext, 'client' | 'signal'>,
): Promise<Failures> {
  const all = await failuresOf(runId, context)
  // Head, end and fences take their part.
  let left = maxTokens - 120
  const groups: FailureGroup[] = []
  for (const tasks of all) {
    const [first] = tasks
    if (first === undefined) continue
    const detail = await context.client.call(
      'getTask',
      { params: { id: runId, seq: first.seq } },
      { signal: context.signal },
    )
    const entry = fitted(entryOf(detail, tasks), Math.min(left, Math.max(400, maxTokens / 2)))
    const cost = costOf(entry)
    if (cost > left) break
    left -= cost
    groups.push(entry)
  }
  const told = all.slice(0, groups.length)
  const count = (parts: typeof all): number => parts.reduce((sum, tasks) => sum + tasks.length, 0)
  const leftOut = { groups: all.length - groups.length, tests: count(all) - count(told) }
  return { runId, failed: count(all), groups, leftOut }
}

function costOf(entry: FailureGroup): number {
  return Math.max(estimateTokens(JSON.stringify(entry)), estimateTokens(groupText(entry, 1)) + 30)
}

function entryOf(detail: ApiTaskDetail, tasks: readonly ApiTask[]): FailureGroup {
  const attempt = detail.attemptList.find(({ failure }) => failure !== undefined) ?? detail.attemptList.at(-1)
  const { failure, stdout = '', stderr = '' } = attempt ?? {}
  const { frame } = detail
  const file = failure?.file ?? detail.file
  const line = failure?.line ?? detail.line
  const printed = [stdout, stderr].filter((text) => text.trim() !== '').join('\n')
  const optional = {
    place: file === undefined ? undefined : `${file}${line === undefined ? '' : `:${line}`}`,
    expected: cut(failure?.expected, 600),
    actual: cut(failure?.actual, 600),
    trace: cut(failure?.trace, 3000),
    source: frame?.lines
      .map((text, index) => `${frame.firstLine + index}: ${text}`)
      .join('\n')
      .slice(0, 2000),
    output: printed === '' ? undefined : printed.slice(-800),
  }
  return {
    fingerprint: detail.fingerprint ?? '',
    count: tasks.length,
    tests: tasks.slice(0, testsNamed).map(({ id }) => id.slice(0, 300)),
    seq: detail.seq,
    outcome: detail.outcome ?? detail.verdict,
    type: failure?.type ?? detail.outcome ?? 'failure',
    message: capMiddle(failure?.message ?? detail.message ?? '', 1200),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined && value !== '')),
  }
}

const cut = (text: string | undefined, cap: number): string | undefined => text && capMiddle(text, cap)

/** Leaves out what tells least until a group fits. */
function fitted(entry: FailureGroup, tokens: number): FailureGroup {
  let fit = entry
  for (const key of ['output', 'source', 'trace', 'actual', 'expected'] as const) {
    if (costOf(fit) <= tokens) return fit
    const { [key]: _left, ...rest } = fit
    fit = rest
  }
  if (costOf(fit) <= tokens) return fit
  const tests = fit.tests.slice(0, 1)
  return {
    ...fit,
    tests,
    message: capTokens(fit.message, Math.max(20, tokens - costOf({ ...fit, tests, message: '' }) - 10)),
  }
}

/** A group as a model reads it, as data that nobody has to obey. */
function groupText(entry: FailureGroup, number: number): string {
  const { count, tests, type, message, place, expected, actual, trace, source, output, seq, outcome } = entry
  const more = count > tests.length ? ` and ${count - tests.length} more` : ''
  const body = lines(
    `tests: ${tests.join(', ')}${more}`,
    place && `at: ${place}`,
    message,
    expected && `expected: ${expected}`,
    actual && `actual: ${actual}`,
    source && `source:\n${source}`,
    trace && `trace:\n${trace}`,
    output && `printed:\n${output}`,
  )
  return fenced(`failure ${number}, ${count} tests, ${outcome} ${type.slice(0, 60)}, seq ${seq}`, body)
}

/** All groups with what was left out. */
export function failuresText({ runId, failed, groups, leftOut }: Failures): string {
  if (failed === 0) return `no test of ${runId} failed`
  const rest =
    leftOut.groups === 0
      ? ''
      : `left out for want of room: ${leftOut.groups} groups with ${leftOut.tests} tests; raise maxTokens`
  return lines(
    `${failed} failed tests in ${groups.length + leftOut.groups} groups`,
    ...groups.map((entry, index) => groupText(entry, index + 1)),
    rest,
  )
}
