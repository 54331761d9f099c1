import { join, resolve } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { ExecutionRequest } from '../domain/execution-request.ts'
import type { Generation, Script } from '../domain/generation.ts'
import type { Execution } from '../domain/run.ts'
import type { RunEnding } from '../domain/stored-run.ts'
import type { EarlierPart } from './earlier.ts'
import { report, runRequest } from './execution.ts'
import type { ExecutionInput, Reported } from './execution.ts'
import { generate, prepare } from './generation.ts'
import type { Generated, GenerationInput, Prepared } from './generation.ts'
import { runOrGoOn } from './going-on.ts'
import { keptFlags, recorded } from './recorded.ts'
import type { RecordedWork } from './recorded.ts'
import type { Recording } from './recording.ts'
import type { Resumption, StoredInput } from './resumption.ts'
import { endingOf, readRequest } from './run.ts'
import { makeRunDir } from './run-folder.ts'
import { writeOut } from './write-out.ts'
import type { Surroundings } from './surroundings.ts'

/** A generation, and what came of running its script. */
export interface PipelineInput extends GenerationInput {
  /** Request file whose tests are replaced by the new script. */
  readonly requestTemplate?: string | undefined
  readonly overrides?: Readonly<Record<string, unknown>> | undefined
  readonly coverage?: boolean | undefined
  /** File that also gets the script. */
  readonly out?: string | undefined
}

/** A script that passed validation, with all that is known of it. */
export interface Validated {
  readonly generated: Generated
  readonly script: Script
  /** Tests that the runner collected from it. */
  readonly collected: number
}

/** Outcome of a whole pipeline. */
export interface PipelineResult extends Validated {
  readonly reported: Reported
}

/** Makes a script and proves that the runner collects it, without running a test. */
export async function generateTests(
  input: PipelineInput,
  where: Surroundings,
  resumed?: Resumption,
): Promise<Validated> {
  const prepared = await prepare(input, where, resumed)
  const request = await requestFor(prepared, input, where)
  return onRecord({ prepared, input, resumed, kind: 'generate', retries: 0, variables: request.env }, where, {
    work: async (recording, within) => {
      return (await validated({ prepared, request, input }, { recording, earlier: resumed?.earlier }, within)).result
    },
    ending: () => ({ state: 'finished', verdict: 'passed', exitCode: 0 }),
  })
}

/** From suite to report: only the script that was just made is run. */
export async function runPipeline(
  input: PipelineInput,
  where: Surroundings,
  resumed?: Resumption,
): Promise<PipelineResult> {
  const prepared = await prepare(input, where, resumed)
  const request = await requestFor(prepared, input, where)
  const earlier = resumed?.earlier
  return onRecord(
    { prepared, input, resumed, kind: 'pipeline', retries: request.retries, variables: request.env },
    where,
    {
      work: async (recording, within) => {
        const ready = await validated({ prepared, request, input }, { recording, earlier }, within)
        const { result } = ready
        const planned = { ...ready.execution, book: recording, earlier }
        within.onStep?.(`running ${result.collected} tests of ${result.script.name} on ${request.framework}`)
        const execution = await runOrGoOn(planned, prepared.loaded, within)
        return { ...result, reported: await report(missed(execution, result.collected), planned, prepared.loaded) }
      },
      ending: ({ reported }) => endingOf(reported),
    },
  )
}

interface Planned {
  readonly prepared: Prepared
  readonly input: PipelineInput
  readonly resumed?: Resumption | undefined
  readonly kind: 'generate' | 'pipeline'
  readonly retries: number
  readonly variables: Readonly<Record<string, string>>
}

/** Does the work of a run that begins with a generation, in a folder of its own and on record. */
async function onRecord<T>(
  { prepared, input, resumed, kind, retries, variables }: Planned,
  where: Surroundings,
  { work, ending }: { readonly work: RecordedWork<T>; readonly ending: (result: T) => RunEnding },
): Promise<T> {
  const { runId: id, runDir: folder, loaded } = prepared
  if (resumed === undefined) await makeRunDir(folder)
  where.onRun?.(id, folder)
  const placed = { ...input, overrides: { ...input.overrides, cwd: prepared.root } }
  const stored: StoredInput<PipelineInput> = { cwd: where.cwd, flags: keptFlags(where.flags), input: placed }
  const run = { id, kind, title: resumed?.run.title ?? input.suite, input: stored, folder }
  const record = { run, loaded, retries, variables, claimed: resumed, known: resumed?.earlier?.known }
  return recorded(record, where, { work, ending })
}

interface Ready {
  readonly result: Validated
  readonly execution: ExecutionInput
}

interface Asked {
  readonly prepared: Prepared
  readonly request: ExecutionRequest
  readonly input: PipelineInput
}

async function validated(
  { prepared, request, input }: Asked,
  record: { readonly recording: Recording; readonly earlier?: EarlierPart | undefined },
  where: Surroundings,
): Promise<Ready> {
  for (const warning of prepared.warnings) where.onStep?.(warning)
  const generated = await generate(prepared, record, where)
  for (const remark of remarksOn(generated.generation)) where.onStep?.(remark)
  const script = accepted(generated)
  if (input.out !== undefined) await writeOut(resolve(where.cwd, input.out), script.code)
  const { runId, runDir } = prepared
  const execution = { request, runId, runDir, overlay: [{ path: script.name, text: script.code }] }
  where.onStep?.(`collecting ${script.name}`)
  const quiet = { ...where, onProgress: undefined }
  const collection = await runRequest(
    { ...execution, collectOnly: true, earlier: record.earlier },
    prepared.loaded,
    quiet,
  )
  const collected = collection.tests.length
  refuseUncollected(collection, generated)
  return { result: { generated, script, collected }, execution }
}

function requestFor(prepared: Prepared, input: PipelineInput, where: Surroundings): Promise<ExecutionRequest> {
  const { plan, root, loaded, suiteDefaults } = prepared
  const overrides = { ...input.overrides, framework: plan.framework, tests: [plan.scriptName], cwd: root }
  const { requestTemplate: requestPath, coverage } = input
  return readRequest({ requestPath, overrides, coverage, defaults: suiteDefaults }, loaded, where)
}

const remarksShown = 10

/** What was changed in a model's answer, and what its tests do not prove. */
function remarksOn({ provider, applied, findings }: Generation): string[] {
  if (provider === 'offline') return []
  const doubts = findings.filter(({ severity }) => severity === 'warning')
  const remarks = [...applied, ...doubts.map(({ line, message }) => `line ${line} of the script: ${message}`)]
  const more = remarks.length - remarksShown
  return more <= 0 ? remarks : [...remarks.slice(0, remarksShown), `and ${more} more remarks in generation.json`]
}

/** The script, or the reason why there is none as the error that ends the command. */
function accepted({ generation, files, runDir }: Generated): Script {
  const { failure, script } = generation
  if (failure === undefined && script !== undefined) return script
  throw new GreenloopError(failure?.code ?? 'answer_unusable', failure?.message ?? 'the answer holds no script', {
    why: `the answer came from ${generation.provider}; ${generation.how}`,
    help: `look at ${files['answer.md'] ?? join(runDir, 'answer.md')}`,
  })
}

function refuseUncollected(collection: Execution, { runDir, generation }: Generated): void {
  const problem = collection.problems.find(({ kind }) => kind !== 'note')
  if (collection.verdict === 'cancelled') throw new GreenloopError('cancelled', 'the command was interrupted')
  if (problem === undefined && collection.tests.length > 0) return
  const message = problem?.failure?.message ?? problem?.message ?? 'the runner found no test in it'
  throw new GreenloopError('script_rejected', `the runner could not collect the script: ${message}`, {
    ...(problem?.failure === undefined
      ? {}
      : { why: problem.failure.trace.trim().split('\n').slice(-6).join('\n     ') }),
    help: `look at ${join(runDir, generation.script?.name ?? '')}`,
  })
}

/** Tests that were collected before the run and are not in it were lost, whatever the run says of itself. */
function missed(execution: Execution, collected: number): Execution {
  if (execution.verdict !== 'passed' || execution.tests.length >= collected) return execution
  const message = `${collected} tests were collected before the run, ${execution.tests.length} are in it`
  return { ...execution, verdict: 'incomplete', problems: [...execution.problems, { kind: 'results_lost', message }] }
}

/** What a generation cost, over all calls. */
export function usageOf({ calls }: Generation): { calls: number; inputTokens: number; outputTokens: number } {
  const sum = (pick: (call: Generation['calls'][number]) => number): number =>
    calls.reduce((total, call) => total + pick(call), 0)
  return {
    calls: calls.length,
    inputTokens: sum(({ usage }) => usage.inputTokens),
    outputTokens: sum(({ usage }) => usage.outputTokens),
  }
}
