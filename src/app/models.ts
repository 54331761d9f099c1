import type { ApiModel, ModelWrite } from '../domain/api-admin.ts'
import type { ModelChoice } from '../domain/api-start.ts'
import type { LoadedSettings } from '../config/settings.ts'
import { GreenloopError } from '../domain/errors.ts'
import { sha256 } from '../lib/hash.ts'
import { allDocuments } from './access-documents.ts'
import type { Check } from './doctor.ts'
import { withoutSecrets } from './models-shown.ts'
import { readSecret } from './secrets.ts'
import type { ServiceContext } from './service-context.ts'
import { readSettings } from './settings.ts'
import type { Flags } from './surroundings.ts'

type Shelf = Pick<ServiceContext, 'store' | 'key' | 'where'>

/** What a run's process is given so that it uses a model. */
export interface ChosenModel {
  /** `llm.*` settings. Mode `mock` lacks `llm.mockResponse`: whoever starts the run writes the answer into a file. */
  readonly flags: Flags
  /** Variables on top of those of the server. Secret. */
  readonly env: Readonly<Record<string, string>>
}

const kind = 'model'
/** Stands in the place of the headers of the settings, which may hold a key; it asks for nothing. */
const plainHeaders = 'Accept-Language: *'

type BuiltIn = ApiModel['mode']
const builtIns: ReadonlySet<string> = new Set<BuiltIn>(['offline', 'mock', 'local', 'http'])

/** Models to choose from: those of the server's settings, then those that administrators have added. */
export async function listModels(service: Shelf): Promise<readonly ApiModel[]> {
  const saved = await allDocuments<ModelWrite>(service.store.documents, kind)
  return [
    ...builtInModels(await readSettings(service.where)),
    ...(await Promise.all(saved.map(({ key, value }) => savedView(service, key, value)))),
  ]
}

/** Adds or changes a model. Throws `body_invalid`, and `secret_unknown` or `secret_locked` for its secret. */
export async function writeModel(service: Shelf, name: string, model: ModelWrite): Promise<ApiModel> {
  refuseBuiltIn(name)
  refuseKeyInside(model.endpoint)
  if (model.secret !== undefined) await readSecret(service, model.secret)
  await service.store.documents.put({ kind, key: name, value: model })
  return savedView(service, name, model)
}

/** Removes a model. Throws `model_unknown`, and `body_invalid` for one of the settings. */
export async function deleteModel({ store }: Pick<Shelf, 'store'>, name: string): Promise<void> {
  refuseBuiltIn(name)
  if (!(await store.documents.remove(kind, name))) throw unknown(name)
}

/** What a run's process needs for a model. Throws `model_unknown`, `secret_unknown` and `secret_locked`. */
export async function chosenModel(service: Shelf, choice: ModelChoice): Promise<ChosenModel> {
  const { mode } = choice
  if (mode !== 'http' || choice.model === undefined || choice.model === 'http') {
    return { flags: { 'llm.mode': mode }, env: {} }
  }
  const found = await service.store.documents.get(kind, choice.model)
  if (found === undefined) throw unknown(choice.model)
  const { endpoint, model, secret } = found.value as ModelWrite
  const variable = keyVariable(endpoint)
  const key = secret === undefined ? '' : await readSecret(service, secret)
  return {
    flags: { 'llm.mode': mode, 'llm.baseUrl': endpoint, 'llm.model': model, 'llm.apiKeyEnv': variable },
    env: { [variable]: key, LLM_HEADERS: plainHeaders },
  }
}

/**
 * The variable that holds the key for one address. Neither the environment nor .env put another key in its place, and a run that
 * goes on after its model was given another address sends the new key nowhere.
 */
function keyVariable(endpoint: string): string {
  return `GREENLOOP_MODEL_KEY_${sha256(endpoint).slice(0, 16).toUpperCase()}`
}

/** Asks a model for one token, the way a run would. Throws `model_unknown`, `secret_unknown` and `secret_locked`. */
export async function checkModel(service: Shelf, name: string, signal: AbortSignal): Promise<Omit<Check, 'name'>> {
  const isSaved = !builtIns.has(name)
  if (!isSaved && name !== 'http') {
    const model = builtInModels(await readSettings(service.where)).find((each) => each.name === name)
    return { status: model?.ready === true ? 'ok' : 'fail', detail: model?.detail ?? '' }
  }
  const { flags, env } = await chosenModel(service, { mode: 'http', model: name })
  const loaded = await readSettings({
    ...service.where,
    env: { ...service.where.env, ...env },
    flags: { ...service.where.flags, ...flags },
  })
  const hide = withoutSecrets(loaded)
  const { modelCheck } = await import('./doctor.ts')
  const { status, detail, fix } = await modelCheck(loaded, { signal: AbortSignal.any([signal, service.where.signal]) })
  return { status, detail: hide(detail), ...(fix === undefined ? {} : { fix: isSaved ? savedFix(fix) : hide(fix) }) }
}

/** The mends that doctor names are variables; a saved model takes none of them. */
function savedFix(fix: string): string {
  return /LLM_[A-Z]|--[a-z]/.test(fix) ? 'check its endpoint, its name and its secret on the settings page' : fix
}

function builtInModels({ settings, origins }: LoadedSettings): readonly ApiModel[] {
  const { apiKey, baseUrl, command, model, useReal } = settings.llm
  const isReady = apiKey !== undefined || origins['llm.baseUrl'].kind !== 'default'
  const own = (mode: BuiltIn, ready: boolean, detail: string): ApiModel => {
    return { name: mode, mode, ready, detail, isBuiltIn: true }
  }
  return [
    own('offline', !useReal, useReal ? 'USE_REAL_LLM demands a model' : 'no model: scripts are made by rules'),
    own('mock', true, 'answers with the text that is handed in'),
    command === undefined
      ? own('local', false, 'no command is set: GREENLOOP_SUBPROCESS_CMD, or llm.command in greenloop.yaml')
      : own('local', true, 'runs the command of the server settings'),
    {
      ...own('http', isReady, isReady ? 'the model of the server settings' : 'no key is set: LLM_API_KEY'),
      endpoint: shownUrl(baseUrl),
      model,
    },
  ]
}

async function savedView(service: Shelf, name: string, { endpoint, model, secret }: ModelWrite): Promise<ApiModel> {
  const missing = secret === undefined ? undefined : await whyLocked(service, secret)
  const detail = missing ?? (secret === undefined ? 'no key is sent' : `its key is the secret ${secret}`)
  const view = { name, mode: 'http', ready: missing === undefined, detail, endpoint, model, isBuiltIn: false } as const
  return secret === undefined ? view : { ...view, secret }
}

async function whyLocked(service: Shelf, secret: string): Promise<string | undefined> {
  try {
    await readSecret(service, secret)
    return undefined
  } catch (error) {
    if (!(error instanceof GreenloopError)) throw error
    return error.message
  }
}

/** An address without what may be secret in it: user, password, query. */
function shownUrl(address: string): string {
  const url = URL.parse(address)
  return url === null ? '' : `${url.origin}${url.pathname}`
}

function refuseBuiltIn(name: string): void {
  if (!builtIns.has(name)) return
  throw new GreenloopError('body_invalid', `the model \`${name}\` comes from the settings of the server`, {
    help: 'choose another name, or change greenloop.yaml and the environment of the server',
  })
}

function refuseKeyInside(endpoint: string): void {
  const url = URL.parse(endpoint)
  if (url === null) return
  const isOpen = [...url.searchParams.keys()].some((name) => /key|token|secret|password|auth/i.test(name))
  if (url.username === '' && url.password === '' && !isOpen) return
  throw new GreenloopError('body_invalid', 'the endpoint holds a key', {
    why: 'everybody who may read sees the endpoint',
    help: 'keep the key as a secret, and name the secret here',
  })
}

function unknown(name: string): GreenloopError {
  return new GreenloopError('model_unknown', `there is no model \`${name}\``, { help: 'GET /v1/models lists them' })
}
