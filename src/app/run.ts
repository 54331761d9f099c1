import { resolve } from 'node:path'
import { loadRequest } from '../config/request-file.ts'
import { requestLayers } from '../config/request-layers.ts'
import type { LoadedSettings } from '../config/settings.ts'
import { GreenloopError } from '../domain/errors.ts'
import { executionRequestSchema } from '../domain/execution-request.ts'
import type { ExecutionRequest } from '../domain/execution-request.ts'
import { now } from '../lib/clock.ts'
import { createRunId } from '../lib/ids.ts'
import { report, runRequest } from './execution.ts'
import type { Reported } from './execution.ts'
import { makeRunDir } from './run-folder.ts'
import { readSettings } from './settings.ts'
import type { Surroundings } from './surroundings.ts'

/** What is run: a request file, or tests by their paths. */
export interface RunInput {
  readonly requestPath?: string | undefined
  /** A request in the form of the file's content; `cwd` counts from the working folder. */
  readonly request?: unknown
  readonly tests?: readonly string[] | undefined
  /** Values that go before the request. */
  readonly overrides?: Readonly<Record<string, unknown>> | undefined
  readonly runId?: string | undefined
}

/** Runs tests that are there, and reports. Throws for what keeps it from running; a red run is a value. */
export async function runTests(input: RunInput, where: Surroundings): Promise<Reported> {
  const loaded = await readSettings(where)
  const request = await readRequest(input, loaded, where)
  const runId = input.runId ?? request.runId ?? createRunId(new Date(now()))
  const runDir = resolve(loaded.settings.artifacts, runId)
  await makeRunDir(runDir)
  where.onRun?.(runId, runDir)
  const execution = { request, runId, runDir }
  return report(await runRequest(execution, loaded, where), execution, loaded)
}

/** The request with the settings behind it and the command line before it. */
export async function readRequest(input: RunInput, loaded: LoadedSettings, { cwd, onStep }: Surroundings): Promise<ExecutionRequest> {
  const layers = requestLayers(loaded, cwd)
  const overrides = { ...layers.overrides, ...input.overrides }
  if (input.requestPath !== undefined) {
    const { request, warnings } = await loadRequest(input.requestPath, { ...layers, overrides })
    for (const { message } of warnings) onStep?.(message)
    return request
  }
  const given = typeof input.request === 'object' ? input.request : {}
  const named = input.tests === undefined ? {} : { tests: input.tests }
  const checked = executionRequestSchema.safeParse({ ...layers.defaults, ...given, ...named, ...overrides })
  if (checked.success) return { ...checked.data, cwd: resolve(cwd, checked.data.cwd) }
  const problems = checked.error.issues.map(({ message, path }) => ({ message: `${path.join('.')}: ${message}` }))
  throw new GreenloopError('request_invalid', 'the request cannot be used', { problems })
}
