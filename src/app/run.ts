import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { loadRequest, parseRequest } from '../config/request-file.ts'
import { requestLayers } from '../config/request-layers.ts'
import type { LoadedSettings } from '../config/settings.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { ExecutionRequest } from '../domain/execution-request.ts'
import type { RunEnding } from '../domain/stored-run.ts'
import { now } from '../lib/clock.ts'
import { createRunId } from '../lib/ids.ts'
import { refuseOutside } from './confinement.ts'
import { report } from './execution.ts'
import type { Reported } from './execution.ts'
import { runOrGoOn } from './going-on.ts'
import { keptFlags, recorded } from './recorded.ts'
import type { Resumption, StoredInput } from './resumption.ts'
import { checkedRunId, makeRunDir } from './run-folder.ts'
import { readSettings } from './settings.ts'
import { warningText } from './warning-text.ts'
import type { Surroundings } from './surroundings.ts'

/** Where a request comes from, and what goes before and behind it. */
export interface RequestInput {
  readonly requestPath?: string | undefined
  /** A request in the form of the file's content; `cwd` counts from the working folder. */
  readonly request?: unknown
  readonly tests?: readonly string[] | undefined
  /** Values that go before the request. */
  readonly overrides?: Readonly<Record<string, unknown>> | undefined
  /** Measures coverage also where the request does not; what the request says of sources stays. */
  readonly coverage?: boolean | undefined
  /** Values that stand behind everything else. */
  readonly defaults?: Readonly<Record<string, unknown>> | undefined
}

/** What is run: a request file, a request, or tests by their paths. */
export interface RunInput extends RequestInput {
  readonly runId?: string | undefined
}

/** Runs tests that are there, and reports. Throws for what keeps it from running; a red run is a value. */
export async function runTests(input: RunInput, where: Surroundings, resumed?: Resumption): Promise<Reported> {
  const { loaded, request } = await prepareTests(input, where)
  const runId = resumed?.run.id ?? checkedRunId(input.runId) ?? request.runId ?? createRunId(new Date(now()))
  const runDir = resumed?.run.folder ?? resolve(loaded.settings.artifacts, runId)
  if (resumed === undefined) await makeRunDir(runDir)
  where.onRun?.(runId, runDir)
  const title = resumed?.run.title ?? input.requestPath ?? request.tests.join(' ')
  const placed = { ...input, overrides: { ...input.overrides, cwd: request.cwd } }
  const stored: StoredInput<RunInput> = { cwd: where.cwd, flags: keptFlags(where.flags), input: placed }
  const run = { id: runId, kind: 'execute', title, input: stored, folder: runDir } as const
  const earlier = resumed?.earlier
  return recorded(
    { run, loaded, retries: request.retries, variables: request.env, claimed: resumed, known: earlier?.known },
    where,
    {
      work: async (recording, within) => {
        const execution = { request, runId, runDir, book: recording, ready: recording.ready, earlier }
        const executed = await runOrGoOn(execution, loaded, within)
        await recording.confirm()
        return report(executed, execution, loaded)
      },
      ending: endingOf,
    },
  )
}

/** Reads settings and request, and looks whether the tests are there; starts nothing. */
export async function prepareTests(
  input: RequestInput,
  where: Surroundings,
): Promise<{ readonly loaded: LoadedSettings; readonly request: ExecutionRequest }> {
  const loaded = await readSettings(where)
  const request = await readRequest(input, loaded, where)
  refuseMissing(request)
  return { loaded, request }
}

/** What a run of tests concludes. */
export function endingOf({ summary }: Reported): RunEnding {
  const { verdict, exitCode } = summary
  return { state: verdict === 'cancelled' ? 'cancelled' : 'finished', verdict, exitCode }
}

/** The request with the settings behind it and the command line before it. */
export async function readRequest(
  input: RequestInput,
  loaded: LoadedSettings,
  { cwd, onStep, confined }: Surroundings,
): Promise<ExecutionRequest> {
  const layers = requestLayers(loaded, cwd)
  const overrides = {
    ...layers.overrides,
    ...input.overrides,
    ...(input.tests === undefined ? {} : { tests: input.tests }),
  }
  const around = { cwd, defaults: { ...input.defaults, ...layers.defaults }, overrides }
  const { request, warnings } =
    input.requestPath === undefined
      ? await parseRequest(JSON.stringify(input.request ?? {}), around)
      : await loadRequest(input.requestPath, around)
  for (const warning of warnings) onStep?.(warningText(warning))
  await refuseOutside(confined, request.cwd, 'cwd')
  if (input.coverage !== true || request.coverage !== false) return request
  return { ...request, coverage: { sources: [], branches: true } }
}

/** pytest and node take paths; a path that leads nowhere is a slip of the pen, not a failing framework. */
function refuseMissing({ cwd, framework, tests }: ExecutionRequest): void {
  if (framework === 'vitest') return
  const missing = tests.filter(
    (test) => !/[*?[]/.test(test) && !existsSync(resolve(cwd, test.split('::', 1)[0] ?? test)),
  )
  if (missing.length === 0) return
  throw new GreenloopError('file_missing', `there is no ${missing.map((test) => `\`${test}\``).join(', ')}`, {
    why: `tests are looked for in ${cwd}`,
    help: 'check the spelling and `cwd` of the request',
  })
}
