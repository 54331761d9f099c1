import { basename, dirname, relative, resolve } from 'node:path'
import { GreenloopError, type Problem } from '../domain/errors.ts'
import { createMapper } from './aliases.ts'
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
    if (found.origin.kind !== 'file') problems.push(...check(path, found, layers))
  }
  if (problems.length > 0) throw settingsError(problems)
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
  if (flag !== undefined) return { value: typed(path, flag), origin: { kind: 'flag', where: settingSources[path].flag ?? path } }
  const fromEnv = variable === undefined ? undefined : input.env[variable]
  if (variable !== undefined && fromEnv?.trim()) {
    return { value: typed(path, fromEnv), origin: { kind: 'env', where: variable } }
  }
  const fromDotEnv = variable === undefined ? undefined : dotEnv?.values[variable]
  if (variable !== undefined && fromDotEnv?.trim()) {
    return { value: typed(path, fromDotEnv), origin: { kind: 'dotenv', where: `.env:${dotEnv?.line(variable)}` } }
  }
  const inFile = file?.values.get(path)
  if (inFile === undefined || file === undefined) return undefined
  const name = relative(input.cwd, file.path)
  const where = `${name.startsWith('..') ? basename(file.path) : name}:${inFile.line}`
  return { value: inFile.value, origin: { kind: 'file', where } }
}

function typed(path: SettingPath, value: unknown): unknown {
  return readTyped(settingSchema(path), value)
}

function check(path: SettingPath, { value, origin }: Chosen, { dotEnv }: Layers): readonly Problem[] {
  const checked = validate(settingSchema(path), value, {
    locate: () => ({ file: origin.kind === 'dotenv' ? (dotEnv?.path ?? '.env') : origin.where }),
    spell: () => [origin.kind === 'dotenv' ? origin.where : origin.where],
  })
  if (checked.ok) return []
  const line = origin.kind === 'dotenv' ? Number(origin.where.split(':')[1]) : undefined
  return checked.problems.map(({ message, help }) => ({
    message: message.replace(/^`[^`]*`|^\S+ document/u, `\`${path}\` from ${origin.where}`),
    ...(line === undefined ? {} : { place: { file: dotEnv?.path ?? '.env', line } }),
    ...(help === undefined ? {} : { help }),
  }))
}

function settingsError(problems: readonly Problem[]): GreenloopError {
  return problemsError('config_invalid', 'the settings', problems)
}
