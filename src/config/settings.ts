import { dirname, relative, resolve } from 'node:path'
import type { Place, Problem } from '../domain/errors.ts'
import { problemsError } from './problems.ts'
import { readDotEnv, readSettingsFile, type DotEnv, type SettingsFile } from './settings-files.ts'
import {
  settingSchema,
  settingsFileSchema,
  settingSources,
  type LlmMode,
  type SettingPath,
  type Settings,
} from './settings-schema.ts'
import { readTyped } from './typed-text.ts'
import { validate } from './validate.ts'

/** Where a setting came from; `where` is a flag, a variable, `greenloop.yaml:12`, or the reason of a default. */
export interface SettingOrigin {
  readonly kind: 'default' | 'file' | 'env' | 'dotenv' | 'flag'
  readonly where: string
}

/** What settings are read from. `flags` holds what the command line gave, by setting. */
export interface SettingsInput {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly flags?: Readonly<Partial<Record<SettingPath, unknown>>>
  /** Settings file to read in place of the one that would be found. */
  readonly configPath?: string | undefined
}

/** Settings with the origin of each. */
export interface LoadedSettings {
  readonly settings: Settings
  readonly origins: Readonly<Record<SettingPath, SettingOrigin>>
  /** The settings file that was read. */
  readonly file?: string | undefined
}

interface Layers {
  readonly input: SettingsInput
  readonly dotEnv: DotEnv | undefined
  readonly file: SettingsFile | undefined
}

interface Chosen {
  readonly value: unknown
  readonly origin: SettingOrigin
  /** What messages call it: the variable, the flag. */
  readonly label: string
  readonly place?: Place
}

/**
 * Reads all settings: flag before environment before .env before settings file before default. Empty variables count as
 * unset. Throws `config_invalid` with every problem, or what reading the files throws.
 */
export async function loadSettings(input: SettingsInput): Promise<LoadedSettings> {
  const [dotEnv, file] = await Promise.all([readDotEnv(input.cwd), readSettingsFile(input.cwd, input.configPath)])
  const layers: Layers = { input, dotEnv, file }
  const problems: Problem[] = [...(file?.problems ?? [])]
  const chosen = new Map<SettingPath, Chosen>()
  for (const path of settingPaths) {
    const found = choose(path, variableOf(path, chosen), layers)
    if (found === undefined) continue
    chosen.set(path, found)
    // Values of the file were checked when it was read.
    if (found.origin.kind !== 'file') problems.push(...check(path, found))
  }
  if (problems.length > 0) throw problemsError('config_invalid', 'settings', problems)
  return assemble(chosen, layers)
}

/** The name of the variable that holds the key is needed before the key. */
const settingPaths = (Object.keys(settingSources) as SettingPath[]).toSorted(
  (a, b) => Number(b === 'llm.apiKeyEnv') - Number(a === 'llm.apiKeyEnv'),
)

function variableOf(path: SettingPath, chosen: ReadonlyMap<SettingPath, Chosen>): string | undefined {
  const named = path === 'llm.apiKey' ? chosen.get('llm.apiKeyEnv')?.value : undefined
  return typeof named === 'string' ? named : settingSources[path].env
}

function choose(path: SettingPath, variable: string | undefined, { input, dotEnv, file }: Layers): Chosen | undefined {
  const flag = input.flags?.[path]
  if (flag !== undefined) {
    const label = settingSources[path].flag ?? path
    return { value: typed(path, flag), origin: { kind: 'flag', where: label }, label }
  }
  const fromEnv = variable === undefined ? undefined : input.env[variable]
  if (variable !== undefined && fromEnv?.trim()) {
    return { value: typed(path, fromEnv), origin: { kind: 'env', where: variable }, label: variable }
  }
  const fromDotEnv = variable === undefined ? undefined : dotEnv?.values[variable]
  if (dotEnv !== undefined && variable !== undefined && fromDotEnv?.trim()) {
    const line = dotEnv.line(variable)
    const origin = { kind: 'dotenv', where: `.env:${line}` } as const
    return { value: typed(path, fromDotEnv), origin, label: variable, place: { file: dotEnv.name, line } }
  }
  const inFile = file?.values.get(path)
  if (inFile === undefined || file === undefined) return undefined
  const where = `${relative(input.cwd, file.path)}:${inFile.line}`
  return { value: inFile.value, origin: { kind: 'file', where }, label: path }
}

function typed(path: SettingPath, value: unknown): unknown {
  return readTyped(settingSchema(path), value)
}

function check(path: SettingPath, { value, label, place }: Chosen): readonly Problem[] {
  const checked = validate(settingSchema(path), value, {
    locate: () => place,
    spell: (pointer) => [label, ...pointer],
  })
  if (checked.ok) return []
  if (path !== 'llm.headers') return checked.problems
  // Headers carry secrets as often as not, so the value is not quoted.
  const message = `\`${label}\` must hold headers of the form \`Name: value\``
  return [{ message, ...(place === undefined ? {} : { place }) }]
}

function assemble(chosen: ReadonlyMap<SettingPath, Chosen>, { input, file }: Layers): LoadedSettings {
  const nested: Record<string, unknown> = {}
  for (const [path, { value, origin }] of chosen) {
    const [group = '', name] = path.split('.')
    const base = origin.kind === 'file' && file !== undefined ? dirname(file.path) : input.cwd
    const own = typeof value === 'string' && isPath(path, value) ? resolve(base, value) : value
    if (name === undefined) nested[group] = own
    else if (path !== 'llm.apiKey') nested[group] = { ...(nested[group] as object | undefined), [name]: own }
  }
  const { $schema: _, ...filled } = settingsFileSchema.parse(nested)
  const key = chosen.get('llm.apiKey')?.value
  const implied = impliedMode(chosen)
  const settings: Settings = {
    ...filled,
    artifacts: resolve(input.cwd, filled.artifacts),
    store: isPlace(filled.store) ? resolve(input.cwd, filled.store) : filled.store,
    llm: {
      ...filled.llm,
      mode: filled.llm.mode ?? implied.mode,
      ...(typeof key === 'string' ? { apiKey: key.trim() } : {}),
    },
  }
  const originOf = (path: SettingPath): SettingOrigin =>
    chosen.get(path)?.origin ?? { kind: 'default', where: path === 'llm.mode' ? implied.why : 'default' }
  const origins = Object.fromEntries(settingPaths.map((path) => [path, originOf(path)]))
  return {
    settings,
    origins: origins as Record<SettingPath, SettingOrigin>,
    ...(file === undefined ? {} : { file: file.path }),
  }
}

/** Settings that are paths: relative to the settings file where they stand in it, else to the working folder. */
const pathSettings: ReadonlySet<SettingPath> = new Set<SettingPath>([
  'artifacts',
  'generation.template',
  'llm.mockResponse',
  'llm.replay',
  'llm.record',
])

/** A bare name of an executable is looked up on the PATH; with a slash it is a path like the others. */
function isPath(path: SettingPath, value: string): boolean {
  if (path === 'store') return isPlace(value)
  return pathSettings.has(path) || (path === 'execution.executable' && value.includes('/'))
}

/** The mode that other settings imply, the more deliberate ones first. */
function impliedMode(chosen: ReadonlyMap<SettingPath, Chosen>): { mode: LlmMode; why: string } {
  const implying: readonly (readonly [SettingPath, LlmMode])[] = [
    ['llm.replay', 'replay'],
    ['llm.mockResponse', 'mock'],
    ['llm.command', 'local'],
    ['llm.useReal', 'http'],
    ['llm.baseUrl', 'http'],
    ['llm.apiKey', 'http'],
  ]
  for (const [path, mode] of implying) {
    const found = chosen.get(path)
    if (found !== undefined && found.value !== false) return { mode, why: `implied by ${found.origin.where}` }
  }
  return { mode: 'offline', why: 'default' }
}

/** Whether a store is named by the path of its file. */
function isPlace(store: string): boolean {
  return store !== 'off' && !/^postgres(?:ql)?:\/\//i.test(store)
}
