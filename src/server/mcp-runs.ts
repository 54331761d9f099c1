import { z } from 'zod'
import type { ApiRun, ApiRunDetail, Sent } from '../client/types.ts'
import { runIdSchema } from '../domain/api-common.ts'
import { apiRunKinds, runStatuses } from '../domain/api-run.ts'
import { GreenloopError } from '../domain/errors.ts'
import { frameworks, priorities } from '../domain/suite.ts'
import { monotonic, sleep } from '../lib/clock.ts'
import { defineTool, fenced, lines } from './mcp-tool.ts'
import type { Told, Tool, ToolContext } from './mcp-tool.ts'

const briefRun = z.object({
  runId: z.string(),
  kind: z.string(),
  title: z.string(),
  status: z.string().describe('queued, running, finished, failed, cancelled or interrupted.'),
  isOver: z.boolean(),
  verdict: z.string().optional(),
  exitCode: z.int().optional(),
  reason: z.string().optional(),
  createdAt: z.string(),
  tests: z
    .object({ total: z.int(), done: z.int(), passed: z.int(), failed: z.int(), flaky: z.int(), skipped: z.int() })
    .optional(),
})

type BriefRun = z.output<typeof briefRun>

/** A run in short, without what is only of use to pages. */
function briefly(run: ApiRun): BriefRun {
  const { id: runId, kind, title, status, verdict, exitCode, reason, createdAt, progress } = run
  const { running: _now, ...tests } = progress ?? { running: [] }
  const isOver = status === 'finished' || status === 'failed' || status === 'cancelled' || status === 'interrupted'
  return {
    ...{ runId, kind, title, status, isOver, createdAt },
    ...(verdict === undefined ? {} : { verdict }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(reason === undefined ? {} : { reason: reason.slice(0, 1000) }),
    ...(progress === undefined ? {} : { tests: tests as NonNullable<BriefRun['tests']> }),
  }
}

/** A run in one line. */
function runLine({ runId, kind, status, verdict, title, tests }: BriefRun): string {
  const counts = tests === undefined ? '' : ` ${tests.passed} of ${tests.total} passed, ${tests.failed} failed`
  const state = verdict === undefined || verdict === status ? status : `${status} (${verdict})`
  return `${runId} ${kind} ${state}${counts} ${oneLine(title)}`
}

const oneLine = (text: string): string => text.replaceAll(/\s+/gu, ' ').slice(0, 200)

const suiteInput = {
  suite: z.string().max(1024).optional().describe('Path or id of a suite, as `list_suites` gives it.'),
  suiteText: z.string().max(1_000_000).optional().describe('The suite itself, JSON or YAML, in place of `suite`.'),
  mode: z
    .enum(['offline', 'mock', 'local', 'http'])
    .optional()
    .describe('Who writes the tests: `offline` without a model (default), `http` a model of the server.'),
  model: z.string().max(64).optional().describe('`http`: name of a model of the server.'),
  mockResponse: z
    .string()
    .max(1_000_000)
    .optional()
    .describe('`mock`: the answer itself, which is taken as a model’s.'),
  framework: z.enum(frameworks).optional(),
  tags: z.array(z.string().max(200)).max(100).optional().describe('Only cases with these tags.'),
  priorities: z.array(z.enum(priorities)).optional(),
}

type SuiteInput = z.output<z.ZodObject<typeof suiteInput>>

async function generateBody(
  input: SuiteInput,
  { client, signal }: ToolContext,
): Promise<Sent<'startGeneration'>['body']> {
  const { suite, suiteText, mode, model, mockResponse, framework, tags, priorities: wanted } = input
  if ((suite === undefined) === (suiteText === undefined)) {
    throw new GreenloopError('usage_invalid', 'one of `suite` and `suiteText` is wanted', { help: 'list_suites' })
  }
  const given = suite === undefined ? { suite: suiteText } : { suiteId: await suiteId(suite, { client, signal }) }
  return {
    ...given,
    ...(mode === undefined && model === undefined
      ? {}
      : { model: modelOf({ mode: mode ?? 'http', model, mockResponse }) }),
    ...(framework === undefined ? {} : { framework }),
    ...(tags === undefined ? {} : { tags }),
    ...(wanted === undefined ? {} : { priorities: wanted }),
  }
}

function modelOf({
  mode,
  model,
  mockResponse,
}: {
  readonly mode: NonNullable<SuiteInput['mode']>
  readonly model?: string | undefined
  readonly mockResponse?: string | undefined
}): NonNullable<Sent<'startGeneration'>['body']['model']> {
  if (mode === 'http') return model === undefined ? { mode } : { mode, model }
  if (mode !== 'mock') return { mode }
  if (mockResponse !== undefined) return { mode, response: mockResponse }
  throw new GreenloopError('usage_invalid', '`mode: mock` wants `mockResponse`')
}

async function suiteId(suite: string, { client, signal }: Pick<ToolContext, 'client' | 'signal'>): Promise<string> {
  const { items } = await client.call('listSuites', {}, { signal })
  const found = items.find(({ id, path }) => id === suite || path === suite || path.endsWith(`/${suite}`))
  if (found !== undefined) return found.id
  const known = items.slice(0, 10).map(({ path }) => path)
  throw new GreenloopError('entry_unknown', `there is no suite \`${suite}\``, {
    help: known.length === 0 ? 'there are no suites in the served folder' : `one of: ${known.join(', ')}`,
  })
}

function started(run: ApiRun): Told<BriefRun> {
  const data = briefly(run)
  return { text: `started: ${runLine(data)}\nnext: wait_run with runId ${run.id}`, data }
}

const listSuites = defineTool({
  name: 'list_suites',
  title: 'List test suites',
  description: 'Suites (test specifications) in the served folder, with their size and what became of them last.',
  input: z.object({}),
  output: z.object({
    suites: z.array(
      z.object({
        id: z.string(),
        path: z.string(),
        name: z.string(),
        cases: z.int(),
        endpoints: z.int(),
        lastRun: z.object({ id: z.string(), status: z.string(), verdict: z.string().optional() }).optional(),
      }),
    ),
    leftOut: z.int(),
  }),
  hints: { readOnlyHint: true },
  run: async (_args, { client, signal }) => {
    const { items } = await client.call('listSuites', {}, { signal })
    const suites = items.slice(0, 100).map(({ id, path, name, cases, endpoints, lastRun }) => ({
      ...{ id, path, name, cases, endpoints },
      ...(lastRun === undefined ? {} : { lastRun }),
    }))
    const told = suites.map(
      ({ path, cases, name, lastRun }) =>
        `${path}: ${oneLine(name)}, ${cases} cases${lastRun === undefined ? '' : `, last run ${lastRun.id} ${lastRun.verdict ?? lastRun.status}`}`,
    )
    return {
      text: told.length === 0 ? 'no suites yet' : told.join('\n'),
      data: { suites, leftOut: items.length - suites.length },
    }
  },
})

const generate = defineTool({
  name: 'generate',
  title: 'Generate tests',
  description:
    'Writes a test script from a suite and proves that it is collected; runs no test. Gives the run at once.',
  input: z.object(suiteInput),
  output: briefRun,
  hints: { readOnlyHint: false },
  run: async (args, context) => {
    const body = await generateBody(args, context)
    return started(await context.client.call('startGeneration', { body }, { signal: context.signal }))
  },
})

const executionInput = {
  retries: z.int().min(0).max(20).optional(),
  timeoutSeconds: z.number().positive().max(86_400).optional(),
  coverage: z.boolean().optional(),
}

const run = defineTool({
  name: 'run',
  title: 'Run tests',
  description:
    'With a suite: writes tests from it and runs them (pipeline). With `requestPath` or `tests`: runs tests that are there. Tests run in the sandbox of the server. Gives the run at once; `wait_run` waits for it.',
  input: z.object({
    ...suiteInput,
    requestPath: z.string().max(1024).optional().describe('An execution request in the served folder.'),
    tests: z
      .array(z.string().max(1024))
      .max(1000)
      .optional()
      .describe('Files, folders or ids of tests in the served folder.'),
    ...executionInput,
  }),
  output: briefRun,
  hints: { readOnlyHint: false },
  run: async ({ requestPath, tests, retries, timeoutSeconds, coverage, ...suite }, context) => {
    const given = Object.entries({ retries, timeoutSeconds, coverage }).filter(([, value]) => value !== undefined)
    const execution = given.length === 0 ? {} : { execution: Object.fromEntries(given) }
    const { client, signal } = context
    if (requestPath === undefined && tests === undefined) {
      const body = { ...(await generateBody(suite, context)), ...execution }
      return started(await client.call('startPipeline', { body }, { signal }))
    }
    if (
      suite.suite !== undefined ||
      suite.suiteText !== undefined ||
      (requestPath !== undefined && tests !== undefined)
    ) {
      throw new GreenloopError('usage_invalid', 'give one of `suite`, `suiteText`, `requestPath` and `tests`')
    }
    const framework = suite.framework === undefined ? {} : { framework: suite.framework }
    const body = requestPath === undefined ? { request: { tests, ...framework } } : { requestPath }
    return started(await client.call('startExecution', { body: { ...body, ...execution } }, { signal }))
  },
})

const pollMs = 400

const waitRun = defineTool({
  name: 'wait_run',
  title: 'Wait for a run',
  description:
    'Waits until a run is over, at most `timeoutSeconds`; call it again where it is not. Tells progress meanwhile.',
  input: z.object({
    runId: runIdSchema,
    timeoutSeconds: z.number().min(0).max(300).default(45).describe('Shorter than the limit that the client has.'),
  }),
  output: briefRun,
  hints: { readOnlyHint: true },
  run: async ({ runId, timeoutSeconds }, context) => {
    const detail = await waited(runId, timeoutSeconds, context)
    const data = briefly(detail)
    const next = data.isOver
      ? (data.tests?.failed ?? 0) > 0
        ? `next: get_failures with runId ${runId}`
        : ''
      : `not over yet: call wait_run again`
    return { text: lines(runLine(data), reasonOf(detail), next), data }
  },
})

async function waited(id: string, seconds: number, { client, signal, onProgress }: ToolContext): Promise<ApiRunDetail> {
  const until = monotonic() + seconds * 1000
  let told = -1
  for (;;) {
    const detail = await client.call('getRun', { params: { id } }, { signal })
    const { done = 0, total = 0 } = detail.progress ?? {}
    // Progress has to grow, and a run without tests yet has none.
    if (done > told) await onProgress(done, Math.max(total, done), `${detail.status}: ${done} of ${total} done`)
    told = Math.max(told, done)
    if (briefly(detail).isOver || monotonic() >= until) return detail
    await sleep(Math.min(pollMs, Math.max(1, until - monotonic())), signal)
  }
}

function reasonOf({ error, reason, problems }: ApiRunDetail): string {
  const said = [error?.message ?? reason, ...problems.slice(0, 5).map(({ kind, message }) => `${kind}: ${message}`)]
  const text = lines(...said)
  return text === '' ? '' : fenced('why', text.slice(0, 4000))
}

const listRuns = defineTool({
  name: 'list_runs',
  title: 'List runs',
  description: 'Runs on record, newest first.',
  input: z.object({
    kind: z.enum(apiRunKinds).optional(),
    status: z.enum(runStatuses).optional(),
    search: z.string().max(200).optional().describe('Part of the title or the id.'),
    limit: z.int().min(1).max(100).default(20),
    cursor: z.string().max(512).optional().describe('`nextCursor` of the page before.'),
  }),
  output: z.object({ runs: z.array(briefRun), nextCursor: z.string().optional() }),
  hints: { readOnlyHint: true },
  run: async (query, { client, signal }) => {
    const { items, nextCursor } = await client.call('listRuns', { query }, { signal })
    const runs = items.map(briefly)
    const more = nextCursor === undefined ? '' : `more with cursor ${nextCursor}`
    const text = runs.length === 0 ? 'no runs' : lines(...runs.map(runLine), more)
    return { text, data: { runs, ...(nextCursor === undefined ? {} : { nextCursor }) } }
  },
})

const getRun = defineTool({
  name: 'get_run',
  title: 'Look at a run',
  description: 'One run: state, verdict, counts, why it failed, and the names of its artifacts.',
  input: z.object({ runId: runIdSchema }),
  output: briefRun.extend({
    artifacts: z.array(z.object({ name: z.string(), bytes: z.int(), role: z.string() })),
    moreArtifacts: z.int(),
    coverage: z.number().optional().describe('Lines in per cent.'),
  }),
  hints: { readOnlyHint: true },
  run: async ({ runId }, { client, signal }) => {
    const detail = await client.call('getRun', { params: { id: runId } }, { signal })
    const artifacts = detail.artifacts.slice(0, 50).map(({ name, bytes, role }) => ({ name, bytes, role }))
    const coverage = detail.coverage?.linePercent
    const data = {
      ...briefly(detail),
      artifacts,
      moreArtifacts: detail.artifacts.length - artifacts.length,
      ...(coverage === undefined ? {} : { coverage }),
    }
    const files = artifacts.map(({ name, bytes }) => `  ${name} ${bytes} bytes`)
    const covered = coverage === undefined ? '' : `${coverage} % of lines covered`
    return { text: lines(runLine(data), covered, reasonOf(detail), 'artifacts:', ...files), data }
  },
})

/** Tools that start runs and look at them. */
export const runTools: readonly Tool[] = [listSuites, generate, run, waitRun, listRuns, getRun]
