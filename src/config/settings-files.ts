import { dirname, join, relative, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { Problem } from '../domain/errors.ts'
import { exists } from '../lib/files.ts'
import { createMapper, isObject, objectMapping, type Mapper, type Members } from './aliases.ts'
import { readText } from './bytes.ts'
import { readDocument } from './document.ts'
import type { Pointer, SourceDocument } from './source-document.ts'
import { settingsFileSchema, settingSources, type SettingPath } from './settings-schema.ts'
import { validate, valueAt } from './validate.ts'

/** A settings file: its absolute path, the values it gives by setting, and where each stands. */
export interface SettingsFile {
  readonly path: string
  readonly values: ReadonlyMap<SettingPath, { readonly value: unknown; readonly line: number }>
  readonly problems: readonly Problem[]
}

const names = ['greenloop.yaml', 'greenloop.yml', 'greenloop.json'] as const
const maxFolders = 64

/**
 * Reads the settings file that is named, or the nearest from `cwd` upwards to the root of the repository: greenloop.yaml,
 * .yml or .json, or the key `greenloop` of package.json. `undefined` where there is none. Throws what `readDocument` throws.
 */
export async function readSettingsFile(cwd: string, named?: string): Promise<SettingsFile | undefined> {
  const read = (path: string) => readDocument(path, relative(cwd, path))
  if (named !== undefined) return checkFile(resolve(cwd, named), await read(resolve(cwd, named)), [])
  let folder = resolve(cwd)
  for (let visited = 0; visited < maxFolders; visited++) {
    for (const name of names) {
      const path = join(folder, name)
      if (await exists(path)) return checkFile(path, await read(path), [])
    }
    const manifest = join(folder, 'package.json')
    if (await mentionsGreenloop(manifest)) {
      const document = await read(manifest)
      if (isObject(valueAt(document.value, ['greenloop']))) return checkFile(manifest, document, ['greenloop'])
    }
    const parent = dirname(folder)
    if (parent === folder || (await exists(join(folder, '.git')))) return undefined
    folder = parent
  }
  return undefined
}

/** Spares the parsing of other people's manifests, and complaints about them. */
async function mentionsGreenloop(manifest: string): Promise<boolean> {
  return (await exists(manifest)) && (await readText(manifest)).includes('"greenloop"')
}

const keysOf = (group: string) =>
  Object.keys(settingSources).flatMap((path) => (path.startsWith(`${group}.`) ? [path.slice(group.length + 1)] : []))

const fileMapping = objectMapping({
  keys: Object.keys(settingsFileSchema.shape),
  aliases: {},
  members: {
    llm: objectMapping({ keys: keysOf('llm'), aliases: { use_real_llm: 'useReal' }, adjust: refuseKey }),
    generation: objectMapping({ keys: keysOf('generation'), aliases: {} }),
    execution: objectMapping({ keys: keysOf('execution'), aliases: {} }),
  },
})

function checkFile(path: string, document: SourceDocument, base: Pointer): SettingsFile {
  const mapper = createMapper(document, base)
  const mapped = fileMapping({ value: valueAt(document.value, base), at: base }, mapper)
  const spell = (pointer: Pointer) => mapper.spell(mapped, pointer)
  const checked = validate(settingsFileSchema, mapped, {
    spell,
    locate: (pointer, part) => document.locate(spell(pointer), part),
  })
  const values = new Map<SettingPath, { value: unknown; line: number }>()
  for (const setting of Object.keys(settingSources) as SettingPath[]) {
    const pointer = setting.split('.')
    const value = valueAt(mapped, pointer)
    if (value !== undefined) values.set(setting, { value, line: document.locate(spell(pointer), 'key').line ?? 1 })
  }
  return { path, values, problems: [...mapper.problems, ...(checked.ok ? [] : checked.problems)] }
}

/** A key in a settings file would be committed sooner or later. */
function refuseKey(members: Members, mapper: Mapper): void {
  const key = members.get('apiKey')
  if (key === undefined) return
  members.delete('apiKey')
  // The line holds the secret, so it is not shown.
  const { text: _, ...place } = mapper.document.locate(key.at, 'key')
  mapper.problems.push({
    message: 'a key does not belong into a settings file, for it would be committed with it',
    place,
    help: 'set LLM_API_KEY in the environment or in .env',
  })
}

/** Variables of a .env file with the line each stands on. */
export interface DotEnv {
  /** The file, relative to the working folder. */
  readonly name: string
  readonly values: Readonly<Record<string, string | undefined>>
  line(name: string): number
}

/** Reads .env in `cwd`, if it is there. */
export async function readDotEnv(cwd: string): Promise<DotEnv | undefined> {
  const name = '.env'
  const path = join(resolve(cwd), name)
  if (!(await exists(path))) return undefined
  const text = await readText(path, name)
  const lines = text.split('\n')
  return {
    name,
    values: parseEnv(text),
    line: (name) =>
      lines.findLastIndex(
        (line) =>
          line
            .replace(/^\s*(?:export\s+)?/u, '')
            .split('=', 1)[0]
            ?.trim() === name,
      ) + 1,
  }
}
