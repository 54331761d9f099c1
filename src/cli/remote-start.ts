import { relative, resolve } from 'node:path'
import type { GenerateBody } from '../domain/api-start.ts'
import type { Sent } from '../client/types.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { PlanFlags, TrialFlags } from './experiment-options.ts'
import { contextOf } from './flags.ts'
import type { GeneratorOptions, RunOptions } from './options.ts'
import { withServer } from './remote-connect.ts'
import type { Remote } from './remote-connect.ts'
import { startRemotely } from './remote-run.ts'
import type { RemoteStart } from './remote-run.ts'
import { isRecord } from './remote-shapes.ts'
import { readText } from './named-file.ts'
import type { Session } from './session.ts'

type PipelineBody = Sent<'startPipeline'>['body']

/** `pipeline` and `generate` on a server: the text of the suite is sent along. */
export async function startFromSuite(
  operation: 'startPipeline' | 'startGeneration',
  options: GeneratorOptions & RunOptions & RemoteStart,
  session: Session,
): Promise<void> {
  if (options.showPrompt || options.dryRun) {
    throw new GreenloopError('usage_invalid', '--show-prompt and --dry-run work on this machine', {
      help: 'leave --server out',
    })
  }
  const suite = await withServer(session, (remote) => suiteOf(options.suite ?? '', remote, session))
  const body: PipelineBody = {
    ...suite,
    model: await modelOf(options, session),
    framework: options.framework as PipelineBody['framework'],
    tags: options.tag,
    priorities: options.priority?.map(priorityOf),
    context: options.context === undefined ? undefined : contextOf(options.context),
    maxTestsPerEndpoint: options.maxTestsPerEndpoint,
    runId: options.runId,
  }
  const execution = executionOf(options)
  const whole = operation === 'startPipeline' && execution !== undefined ? { ...body, execution } : body
  await startRemotely(operation, { body: whole, start: options }, session)
}

/**
 * A suite names its system under test by a path from itself. So one that lies in the served folder as it lies here goes by its place there;
 * any other is sent as a text, and its paths count from the served folder.
 */
async function suiteOf(
  path: string,
  { client }: Remote,
  session: Session,
): Promise<{ readonly suite: string } | { readonly suiteId: string }> {
  const text = await readText(path, session.cwd)
  const shown = relative(session.cwd, resolve(session.cwd, path))
  const { items } = await client.call('listSuites', {})
  const there = items.filter((each) => each.path === shown || shown.endsWith(`/${each.path}`))
  for (const { id } of there) {
    const known = await client.call('getSuite', { params: { id } })
    if (known.text === text) return { suiteId: id }
  }
  return { suite: text }
}

async function modelOf(options: GeneratorOptions, { cwd }: Session): Promise<GenerateBody['model'] | undefined> {
  const { mockResponse, httpModel } = options
  const mode = options.mode ?? (mockResponse === undefined ? (httpModel === undefined ? undefined : 'http') : 'mock')
  switch (mode) {
    case undefined:
      return undefined
    case 'offline':
    case 'local':
      return { mode }
    case 'subprocess':
      return { mode: 'local' }
    case 'http':
      return httpModel === undefined ? { mode } : { mode, model: httpModel }
    case 'mock':
      if (mockResponse !== undefined) return { mode, response: await readText(mockResponse, cwd) }
      throw new GreenloopError('usage_invalid', '--mode mock wants --mock-response', { help: '--mock-response FILE' })
    default:
      throw new GreenloopError('usage_invalid', `a server takes no --mode ${mode}`, {
        help: 'one of: offline, mock, local, http',
      })
  }
}

function priorityOf(word: string): NonNullable<PipelineBody['priorities']>[number] {
  const names = ['critical', 'high', 'medium', 'low'] as const
  const found = names.find((name, index) => name === word.toLowerCase() || `p${index}` === word.toLowerCase())
  if (found !== undefined) return found
  throw new GreenloopError('usage_invalid', `there is no priority \`${word}\``, { help: `one of: ${names.join(', ')}` })
}

function executionOf(options: RunOptions): PipelineBody['execution'] | undefined {
  const { retries, workers, timeout, testTimeout, coverage, benchmark } = options
  const all = { retries, workers, timeoutSeconds: timeout, testTimeoutSeconds: testTimeout, coverage, benchmark }
  const given = Object.entries(all).filter(([, value]) => value !== undefined)
  return given.length === 0 ? undefined : Object.fromEntries(given)
}

/** `run` on a server: the tests lie in the served folder. A request file goes by its path there, one from outside of this folder by its content. */
export async function startExecution(
  targets: readonly string[],
  options: RunOptions & RemoteStart,
  session: Session,
): Promise<void> {
  const [only = ''] = targets
  const isRequest = targets.length === 1 && /\.(json|ya?ml)$/iu.test(only)
  const request = isRequest ? await requestOf(only, session) : { request: { tests: [...targets] } }
  const { framework } = options
  const named =
    framework !== undefined && 'request' in request
      ? { request: { ...request.request, framework } }
      : framework === undefined
        ? request
        : refuseFramework(only)
  const body = { ...named, execution: executionOf(options), runId: options.runId }
  await startRemotely('startExecution', { body, start: options }, session)
}

function refuseFramework(path: string): never {
  throw new GreenloopError(
    'usage_invalid',
    '--framework goes with tests that are named, not with a request file of the server',
    {
      help: `put \`framework\` into ${path}`,
    },
  )
}

async function requestOf(
  path: string,
  { cwd }: Session,
): Promise<{ readonly requestPath: string } | { readonly request: Record<string, unknown> }> {
  const shown = relative(cwd, resolve(cwd, path))
  if (!shown.startsWith('..')) return { requestPath: shown }
  const request = parsedOrNothing(await readText(path, cwd))
  if (isRecord(request)) return { request }
  throw new GreenloopError('usage_invalid', `${path} is no JSON object, so it cannot be sent along`, {
    help: 'name a request file of the served folder by its path from there',
  })
}

function parsedOrNothing(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

interface ExperimentOptions extends PlanFlags, TrialFlags, RemoteStart {
  readonly runId?: string
}

/** `experiment run` on a server: the plan lies in the served folder. */
export async function startExperiment(path: string, flags: ExperimentOptions, session: Session): Promise<void> {
  const { workflow: workflows, variant: variants, repeats, maxCases, seed, concurrency, runId } = flags
  const body = { planPath: path, workflows, variants, repeats, maxCases, seed, concurrency, runId }
  await startRemotely('startExperiment', { body, start: flags }, session)
}

/** What `repair run` may say to a server. */
interface RepairFlags extends RemoteStart {
  readonly config: string
  readonly project?: string
  readonly ref?: string
  readonly mergeRequest?: number
  readonly rounds?: number
  readonly timeout?: number
  readonly runId?: string
}

/** `repair run` on a server: its configuration lies in the served folder. */
export async function startRepair(flags: RepairFlags, session: Session): Promise<void> {
  const { config, project, ref, mergeRequest, rounds, timeout: timeoutSeconds, runId } = flags
  const body = { config, project, ref, mergeRequest, rounds, timeoutSeconds, runId }
  await startRemotely('startRepair', { body, start: flags }, session)
}
