import { dirname, resolve } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { Problem } from '../domain/errors.ts'
import { repairFileSchema } from '../domain/repair-config.ts'
import type { RepairFile } from '../domain/repair-config.ts'
import { createMapper } from './aliases.ts'
import type { Mapper } from './aliases.ts'
import { readDocument } from './document.ts'
import { expand, isReference, isSecretKey, variablesOf } from './expansion.ts'
import type { Variables } from './expansion.ts'
import { problemsError } from './problems.ts'
import { readSetup } from './repair-setup.ts'
import type { RepairSetup } from './repair-setup.ts'
import { schemaMapping } from './schema-mapping.ts'
import type { Pointer, SourceDocument } from './source-document.ts'
import { validate, valueAt } from './validate.ts'

/** What the command line says in place of the file. */
export interface RepairOverrides {
  readonly project?: string | undefined
  readonly ref?: string | undefined
  readonly mergeRequest?: number | undefined
  readonly repository?: string | undefined
  readonly rounds?: number | undefined
  readonly timeoutSeconds?: number | undefined
  /** Folder whose files are brought into the branch, absolute. */
  readonly aiWorkDir?: string | undefined
  /** Makes the project where it is missing. */
  readonly create?: boolean | undefined
}

/** Where a file is read and what its variables are. */
export interface RepairSurroundings {
  readonly cwd: string
  readonly env: Variables
  readonly overrides?: RepairOverrides | undefined
}

/**
 * Reads `config.yaml` of a repair: variables filled in, secrets taken from their files, paths absolute, every default set.
 * Throws `repair_invalid` with every problem and its place.
 */
export async function loadRepair(
  path: string,
  around: RepairSurroundings,
): Promise<RepairSetup & { readonly warnings: readonly string[] }> {
  const file = resolve(around.cwd, path)
  const document = await readDocument(file, path)
  const { value: filled, missing } = expand(document.value, around.env)
  const mapper = createMapper(document)
  const mapped = schemaMapping(repairFileSchema, new Map())({ value: filled, at: [] }, mapper)
  const spell = (pointer: Pointer) => mapper.spell(mapped, pointer)
  const checked = validate(repairFileSchema, mapped, {
    locate: (pointer, part) => document.locate(spell(pointer), part),
    spell,
  })
  const problems: Problem[] = [
    ...missingVariables(document, new Set(missing)),
    ...mapper.problems,
    ...(checked.ok ? [] : checked.problems),
  ]
  const { file: usable, dropped } = checked.ok ? { file: checked.value, dropped: [] } : withoutFaults(mapped)
  const read = await readSetup(overridden(usable, around), {
    file,
    folder: dirname(file),
    place: (...pointer) => placeOf(document, mapper, { mapped, pointer }),
  })
  const all = [...problems, ...read.problems.filter(({ message }) => !dropped.some((key) => message.includes(key)))]
  if (all.length > 0 || read.setup === undefined) throw problemsError('repair_invalid', path, all)
  return { ...read.setup, warnings: plainSecrets(document.value) }
}

/** What is left of a file without the values that the schema refuses, so that the rest is checked in the same go. */
function withoutFaults(value: unknown): { readonly file: RepairFile; readonly dropped: readonly string[] } {
  const dropped: string[] = []
  const rest: unknown = JSON.parse(JSON.stringify(value ?? {}))
  const { error } = repairFileSchema.safeParse(rest)
  for (const issue of error?.issues ?? []) {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path.at(-1)]
    const holder = valueAt(
      rest,
      (issue.code === 'unrecognized_keys' ? issue.path : issue.path.slice(0, -1)).map(String),
    )
    for (const key of keys) {
      if (typeof holder === 'object' && holder !== null) Reflect.deleteProperty(holder, String(key))
      dropped.push(String(key))
    }
  }
  const again = repairFileSchema.safeParse(rest)
  return { file: again.data ?? repairFileSchema.parse({}), dropped: again.success ? dropped : [''] }
}

function overridden(file: RepairFile, { cwd, overrides = {} }: RepairSurroundings): RepairFile {
  const { project, retry_config: retry, setup } = file
  const repository = overrides.repository === undefined ? project.repository : resolve(cwd, overrides.repository)
  return {
    ...file,
    project: {
      ...project,
      ...(overrides.repository === undefined ? {} : { forge: 'local' as const }),
      repository,
      path: overrides.project ?? project.path,
      ref: overrides.ref ?? project.ref,
      merge_request: overrides.mergeRequest ?? (overrides.ref === undefined ? project.merge_request : undefined),
    },
    retry_config: {
      ...retry,
      debug_max_time: overrides.rounds ?? retry.debug_max_time,
      total_timeout: overrides.timeoutSeconds ?? retry.total_timeout,
    },
    paths: { ...file.paths, ai_work_dir: overrides.aiWorkDir ?? file.paths.ai_work_dir },
    setup: { ...setup, create: overrides.create ?? setup.create },
  }
}

/** The place of a value, or of the nearest object around it that the file holds. */
function placeOf(
  document: SourceDocument,
  mapper: Mapper,
  { mapped, pointer }: { readonly mapped: unknown; readonly pointer: Pointer },
) {
  for (let length = pointer.length; length > 0; length--) {
    const place = document.locate(mapper.spell(mapped, pointer.slice(0, length)))
    if (place.line !== undefined) return place
  }
  return document.locate([])
}

function missingVariables(document: SourceDocument, missing: ReadonlySet<string>): Problem[] {
  return leaves(document.value, []).flatMap(({ text, at }) =>
    variablesOf(text)
      .filter((name) => missing.has(name))
      .map((name) => ({
        message: `the variable \`${name}\` is not set`,
        place: document.locate(at),
        help: `set ${name} in the environment or in \`.env\``,
      })),
  )
}

/** A secret that stands in the file itself is used, and that is said. */
function plainSecrets(value: unknown): string[] {
  return leaves(value, []).flatMap(({ text, at }) => {
    const key = String(at.at(-1))
    const isSecret = at[0] === 'authentication' && isSecretKey(key) && !/file$/iu.test(key)
    return isSecret && !isReference(text)
      ? [`\`authentication.${key}\` stands in the file in plain text; write \`\${NAME}\` or use \`${key}_file\``]
      : []
  })
}

function leaves(
  value: unknown,
  at: readonly (string | number)[],
): { text: string; at: readonly (string | number)[] }[] {
  if (typeof value === 'string') return [{ text: value, at }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]) =>
    leaves(member, [...at, Array.isArray(value) ? Number(key) : key]),
  )
}

/** Throws `usage_invalid` where no project is named anywhere. */
export function refuseNameless(setup: RepairSetup): string {
  if (setup.project !== undefined) return setup.project
  throw new GreenloopError('usage_invalid', 'no project is named', {
    help: 'set `project.path`, or give --project GROUP/NAME',
  })
}
