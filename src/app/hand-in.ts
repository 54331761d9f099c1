import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { ExecutionBody, PipelineBody, StartOrder } from '../domain/api-start.ts'
import { GreenloopError } from '../domain/errors.ts'
import { executionRequestSchema } from '../domain/execution-request.ts'
import type { NewRun } from '../domain/stored-run.ts'
import type { PipelineInput } from './pipeline.ts'
import type { StoredInput } from './resumption.ts'
import type { RunInput } from './run.ts'
import { makeRunDir } from './run-folder.ts'
import { servedPath } from './served-path.ts'
import { isShared, openRunStore } from './store.ts'
import type { Flags, Surroundings } from './surroundings.ts'

/** A suite as it was given: a file of the served folder, or its text. */
export type GivenSuite =
  | { readonly path: string }
  | { readonly name: string; readonly text: string; readonly path?: undefined }

/** What a caller of the service wants, with all that only the server knows. */
export interface CarriedOrder {
  readonly id: string
  readonly by: string
  /** Served folder, absolute and real. */
  readonly root: string
  readonly storeAt: string
  /** Folder for texts that callers sent along, absolute. */
  readonly incoming: string
  readonly order: StartOrder
  /** For a generation or a pipeline. */
  readonly suite?: GivenSuite | undefined
  /** Settings that go before those of the server: the model, the sandbox. No secret is among them. */
  readonly flags: Flags
  /** Whether tests run only where a sandbox can be had. */
  readonly isSandboxed: boolean
}

/** Checks an order and puts its run on record, without beginning it. Throws what is wrong with it. */
export async function handIn(order: CarriedOrder, where: Surroundings): Promise<void> {
  switch (order.order.kind) {
    case 'generate':
    case 'pipeline':
      return handInPipeline(order, order.order, where)
    case 'execute':
      return handInTests(order, order.order.body, where)
    case 'experiment': {
      refuseShared('experiments', order.storeAt)
      const { planPath, planId: _resolved, runId: _given, ...overrides } = order.order.body
      const path = await servedPath(order.root, planPath ?? 'test_plan.yaml')
      const input = { kind: 'plan', path, overrides, runId: order.id, by: order.by } as const
      const { handInExperiment } = await import('./experiment.ts')
      await handInExperiment(input, order.storeAt, where)
      return
    }
    case 'repair': {
      refuseShared('repairs', order.storeAt)
      const { config, runId: _given, ...overrides } = order.order.body
      const path = await servedPath(order.root, config)
      const { handInRepair } = await import('./repair.ts')
      const store = await openRunStore(order.storeAt)
      try {
        await handInRepair({ config: path, overrides, runId: order.id, by: order.by }, { store, where })
      } finally {
        await store.close()
      }
    }
  }
}

function refuseShared(what: string, storeAt: string): void {
  if (!isShared(storeAt)) return
  throw new GreenloopError('config_invalid', `${what} are recorded in an embedded store so far`, {
    why: 'this server keeps its runs in a shared database',
    help: 'start another server for them, with a file as its --store or with none named',
  })
}

async function handInPipeline(
  { suite, flags, id, root, ...order }: CarriedOrder,
  { kind, body }: { readonly kind: 'generate' | 'pipeline'; readonly body: PipelineBody },
  where: Surroundings,
): Promise<void> {
  if (suite === undefined) throw new GreenloopError('body_invalid', 'a suite is wanted: `suite` or `suiteId`')
  const { model, context, tags, priorities, execution } = body
  const isFile = suite.path !== undefined
  const path = isFile ? suite.path : await keep(order.incoming, `${id}/${suite.name}`, suite.text)
  const mock = model.mode === 'mock' ? await keep(order.incoming, `${id}/answer.md`, model.response) : undefined
  const input: PipelineInput = {
    suite: path,
    ...(isFile ? {} : { base: root }),
    tags,
    priorities,
    context,
    coverage: execution?.coverage,
    overrides: overridesOf(order.isSandboxed, execution?.benchmark),
  }
  const given = mock === undefined ? flags : { ...flags, 'llm.mockResponse': mock }
  const within = { ...where, flags: { ...where.flags, ...given } }
  const { prepare } = await import('./generation.ts')
  const prepared = await prepare(input, within)
  const placed = { ...input, overrides: { ...input.overrides, cwd: prepared.root } }
  const stored: StoredInput<PipelineInput> = { cwd: root, flags: given, input: placed, by: order.by }
  const title = isFile ? suite.path : prepared.plan.name
  await record({ id, kind, title, input: stored, folder: resolve(root, prepared.loaded.settings.artifacts, id) }, order)
}

/** Variables that decide which interpreter is looked at before the sandbox is closed, or make it load code. */
const refusedVariable = /^(?:LD_|DYLD_|PYTHON|NODE_|PATH$|HOME$|BASH_ENV$|VIRTUAL_ENV|CONDA_PREFIX)/u

async function handInTests(
  { flags, id, root, ...order }: CarriedOrder,
  { request, requestPath, execution }: ExecutionBody,
  where: Surroundings,
): Promise<void> {
  if ((request === undefined) === (requestPath === undefined)) {
    throw new GreenloopError('body_invalid', 'one of `request` and `requestPath` is wanted')
  }
  await refuseKeys(request ?? {}, root)
  const input: RunInput = {
    ...(requestPath === undefined ? { request } : { requestPath: await servedPath(root, requestPath) }),
    coverage: execution?.coverage,
    overrides: overridesOf(order.isSandboxed, execution?.benchmark),
  }
  const { prepareTests } = await import('./run.ts')
  const { loaded, request: checked } = await prepareTests(input, { ...where, flags: { ...where.flags, ...flags } })
  const placed = { ...input, overrides: { ...input.overrides, cwd: checked.cwd } }
  const stored: StoredInput<RunInput> = { cwd: root, flags, input: placed, by: order.by }
  const title = requestPath ?? (checked.tests.join(' ') || checked.framework)
  await record(
    { id, kind: 'execute', title, input: stored, folder: resolve(root, loaded.settings.artifacts, id) },
    order,
  )
}

/** Looks at what a request says, not at how: keys have other names, and twins in other spellings. */
async function refuseKeys(request: Readonly<Record<string, unknown>>, cwd: string): Promise<void> {
  const { parseRequest } = await import('../config/request-file.ts')
  const asked = (await parseRequest(JSON.stringify(request), { cwd })).request
  const usual = executionRequestSchema.parse({})
  const isSet: Readonly<Record<string, boolean>> = {
    executable: asked.executable !== undefined,
    sandbox: asked.sandbox !== undefined && asked.sandbox !== 'required',
    network: asked.network,
    distribution: asked.distribution !== usual.distribution,
    maxMemoryMb: asked.maxMemoryMb > usual.maxMemoryMb,
    maxOutputMb: asked.maxOutputMb > usual.maxOutputMb,
  }
  const names = [
    ...Object.keys(isSet).filter((key) => isSet[key]),
    ...Object.keys(asked.env).flatMap((name) => (refusedVariable.test(name) ? [`env.${name}`] : [])),
  ]
  if (names.length === 0) return
  throw new GreenloopError(
    'body_invalid',
    `a request over the API may not set ${names.map((name) => `\`${name}\``).join(', ')}`,
    {
      why: 'that concerns what lies outside the sandbox',
      help: 'write it into a request file of the served folder, and name that as `requestPath`',
    },
  )
}

function overridesOf(isSandboxed: boolean, benchmark: boolean | undefined): Record<string, unknown> {
  return { ...(isSandboxed ? { sandbox: 'required' } : {}), ...(benchmark === undefined ? {} : { benchmark }) }
}

async function record(run: NewRun, { storeAt }: Pick<CarriedOrder, 'storeAt'>): Promise<void> {
  const store = await openRunStore(storeAt)
  try {
    await makeRunDir(run.folder ?? '')
    await store.create(run)
  } finally {
    await store.close()
  }
}

/** Keeps a text that a caller sent along; gives its path. */
async function keep(folder: string, name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeFile(path, text, { mode: 0o600 })
  return path
}
