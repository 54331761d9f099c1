import type { Flags, Surroundings } from '../app/surroundings.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { GeneratorOptions, RunOptions, StoreOptions } from './options.ts'
import type { Session } from './session.ts'

/** The options of a command line as settings; what was not given is not there. */
export function flagsOf(options: GeneratorOptions & RunOptions): Flags {
  const given: Flags = {
    'llm.mode': modeOf(options),
    'llm.apiKey': options.httpApiKey,
    'llm.apiKeyEnv': options.httpApiKeyEnv,
    'llm.baseUrl': options.httpEndpoint,
    'llm.model': options.httpModel,
    'llm.headers': headersOf(options.httpHeader),
    'llm.command': options.subprocessCmd,
    'llm.mockResponse': options.mockResponse,
    'llm.record': options.record,
    'llm.replay': options.replay,
    'llm.fallback': options.fallback,
    'generation.framework': options.framework,
    'generation.maxTestsPerEndpoint': options.maxTestsPerEndpoint,
    'generation.template': options.template,
    'execution.sandbox': options.sandbox,
    'execution.workers': options.workers,
    'execution.retries': options.retries,
    'execution.testTimeoutSeconds': options.testTimeout,
    'execution.timeoutSeconds': options.timeout,
    'execution.executable': options.runnerPath,
    artifacts: options.artifacts,
    store: options.store,
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** The options that name the store, for commands that are shown to be given next. */
export function storeHint({ store, database }: StoreOptions): string {
  if (store !== undefined) return ` --store ${store}`
  return database === undefined ? '' : ' --database URL'
}

/** Surroundings of a command that looks into the store. */
export function storeSurroundings(session: Session, { store, database }: StoreOptions): Surroundings {
  const { cwd, env, signal } = session
  const at = store ?? database
  return {
    cwd,
    env,
    signal,
    flags: at === undefined ? {} : { store: at },
    onStep: (text) => session.output.note(`${text}\n`),
    onRun: session.begin,
  }
}

/** `subprocess` is the older name of `local`; a flag that only one mode reads chooses that mode. */
function modeOf(options: GeneratorOptions): string | undefined {
  if (options.mode === 'subprocess') return 'local'
  if (options.mode !== undefined) return options.mode
  if (options.replay !== undefined) return 'replay'
  if (options.mockResponse !== undefined) return 'mock'
  if (options.subprocessCmd !== undefined) return 'local'
  return options.httpEndpoint === undefined && options.httpModel === undefined ? undefined : 'http'
}

function headersOf(lines: readonly string[] | undefined): Record<string, string> | undefined {
  if (lines === undefined) return undefined
  return Object.fromEntries(lines.map((line) => pairOf(line, { separator: ':', option: '--http-header' })))
}

/** Values for the template from `--context K=V`. */
export function contextOf(lines: readonly string[] | undefined): Record<string, string> {
  return Object.fromEntries((lines ?? []).map((line) => pairOf(line, { separator: '=', option: '--context' })))
}

function pairOf(line: string, { separator, option }: { separator: string; option: string }): [string, string] {
  const at = line.indexOf(separator)
  if (at > 0) return [line.slice(0, at).trim(), line.slice(at + 1).trim()]
  throw new GreenloopError('usage_invalid', `${option} wants NAME${separator}VALUE, this is \`${line}\``, {
    help: `${option} "NAME${separator}VALUE"`,
  })
}

/** What only a request knows, not the settings: these go before the request file. */
export function overridesOf(options: RunOptions): Record<string, unknown> {
  return {
    ...(options.benchmark === undefined ? {} : { benchmark: options.benchmark }),
    ...(options.allowNetwork === undefined ? {} : { network: options.allowNetwork }),
  }
}
