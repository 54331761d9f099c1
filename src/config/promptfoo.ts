import { resolve } from 'node:path'
import { stringify } from 'yaml'
import type { z } from 'zod'
import type { CheckInput } from '../domain/check.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Problem } from '../domain/errors.ts'
import type { ExperimentInput, variantSchema } from '../domain/experiment.ts'
import { snakeKeys } from '../lib/snake-keys.ts'
import { readChecks } from './promptfoo-checks.ts'
import { gatherGraders } from './promptfoo-graders.ts'
import { readPrompts } from './promptfoo-prompts.ts'
import type { ImportedPrompt } from './promptfoo-prompts.ts'
import { readProviders, uniqueName } from './promptfoo-providers.ts'
import { gatherScripts } from './promptfoo-scripts.ts'
import { cursorAt, fileReference, startImport } from './promptfoo-source.ts'
import type { Cursor, PromptfooImport } from './promptfoo-source.ts'
import { placeholdersOf, readTests, readVars, withEmptyVars } from './promptfoo-tests.ts'

type VariantInput = z.input<typeof variantSchema>

/** The files of an experiment, as text by name, and what could not be taken over as it is. */
export interface ImportedConfig {
  /** `test_plan.yaml`, `workflows.yaml`, `env.yaml`, and `checks.mjs` where there are assertions in JavaScript. */
  readonly files: Readonly<Record<string, string>>
  readonly notes: readonly Problem[]
}

/** Where an import starts from. */
export interface ImportOptions {
  /** Folder that `path` is relative to. */
  readonly cwd: string
  /** Folder that the files will be written to; `cwd` unless set. Scripts that checks name are found from there. */
  readonly folder?: string | undefined
}

/**
 * Turns a configuration of promptfoo (YAML or JSON) into the files of an experiment: prompts become variants, providers
 * workflows, tests scenarios, assertions checks. `{{env.NAME}}` becomes `${NAME}`, and keys that stand in the file are
 * not copied. There is a note for each thing that is not taken over, with its file and line. Throws like
 * `readDocument` for what cannot be read.
 */
export async function importPromptfoo(path: string, { cwd, folder = cwd }: ImportOptions): Promise<ImportedConfig> {
  if (/\.[cm]?[jt]s$/u.test(path)) {
    throw new GreenloopError('usage_invalid', `\`${path}\` is a program; only YAML and JSON can be imported`, {
      help: 'export the configuration as YAML first',
    })
  }
  const file = resolve(cwd, path)
  const run = startImport({ file, to: resolve(cwd, folder), cwd })
  const config = await run.readDocument(file)
  noteRest(config, run)
  const defaultTest = await followFile(config.at('defaultTest'), run)
  const graders = gatherGraders(defaultTest.at('options').at('provider'), run)
  const scripts = gatherScripts(run)
  const parts = { run, graders, scripts }
  const prompts = await readPrompts(config.at('prompts'), run)
  const providers = config.at('providers').value === undefined ? config.at('targets') : config.at('providers')
  const sharedUser = sharedUserOf(prompts, providers)
  const catalog = readProviders(providers, { sharedUser }, run)
  const defaults = await readVars(defaultTest.at('vars'), parts)
  const scenarios = await readTests(config, defaults, parts)
  const variants = variantsOf(prompts, sharedUser, run)
  const checks = await readChecks(defaultTest.at('assert'), parts)
  const names = { sent: placeholdersOf([variants, catalog.workflows]), named: placeholdersOf(checks) }
  const plan: ExperimentInput = {
    name: nameOf(config, run),
    variants,
    datasets: [{ name: 'tests', scenarios: withEmptyVars(scenarios, names) }],
    ...runningOf(config, run),
    evaluation: evaluationOf(defaultTest, checks),
  }
  const models = graders.models()
  const evaluation = {
    ...plan.evaluation,
    ...(Object.hasOwn(models, 'judge') ? { judge: 'judge' } : {}),
    ...(Object.hasOwn(models, 'embeddings') ? { embeddings: 'embeddings' } : {}),
  }
  return {
    files: {
      'test_plan.yaml': print({ ...plan, evaluation }),
      'workflows.yaml': print({ workflows: catalog.workflows }),
      'env.yaml': print({ servers: catalog.servers, models }),
      ...scripts.files(),
    },
    notes: run.notes(),
  }
}

const print = (value: unknown): string => stringify(snakeKeys(value), { lineWidth: 120, aliasDuplicateObjects: false })

const taken = new Set(['description', 'prompts', 'providers', 'targets', 'tests', 'scenarios', 'defaultTest'])
const running = new Set(['evaluateOptions', 'commandLineOptions'])
/** What only steers promptfoo itself. */
const idle = new Set(['$schema', 'outputPath', 'sharing', 'writeLatestResults', 'tags', 'metadata'])

function noteRest(config: Cursor, run: PromptfooImport): void {
  for (const [key, member] of config.members()) {
    if (key === 'env')
      run.note(member, '`env` is not taken over', 'put the variables into the environment or into `.env`')
    else if (!taken.has(key) && !running.has(key) && !idle.has(key)) run.note(member, `\`${key}\` is not taken over`)
  }
}

async function followFile(at: Cursor, run: PromptfooImport): Promise<Cursor> {
  const file = typeof at.value === 'string' ? fileReference(at.value) : undefined
  const followed = file === undefined ? at : await run.readDocument(file.path)
  for (const [key, member] of followed.members()) {
    if (!['vars', 'assert', 'options', 'threshold'].includes(key))
      run.note(member, `\`${key}\` of \`defaultTest\` is not taken over`)
  }
  for (const [key, member] of followed.at('options').members()) {
    if (key !== 'provider') run.note(member, `the option \`${key}\` of \`defaultTest\` is not taken over`)
  }
  return followed
}

function nameOf(config: Cursor, run: PromptfooImport): string {
  const description = config.at('description')
  return typeof description.value === 'string' && description.value !== ''
    ? run.content(description).slice(0, 200)
    : 'imported'
}

/** Chats that differ in their system prompts only keep these as what varies, as long as every provider is a model. */
function sharedUserOf(prompts: readonly ImportedPrompt[], providers: Cursor): string | undefined {
  const users = new Set(prompts.map(({ user }) => user))
  const isHttp = JSON.stringify(providers.value ?? '').includes('http')
  if (isHttp || users.size !== 1 || prompts.some(({ system }) => system === undefined)) return undefined
  return prompts[0]?.user
}

function variantsOf(
  prompts: readonly ImportedPrompt[],
  sharedUser: string | undefined,
  run: PromptfooImport,
): VariantInput[] {
  const variants: VariantInput[] = []
  for (const [index, { label, system, user, place }] of prompts.entries()) {
    const id = uniqueName(label ?? `prompt-${index + 1}`, variants)
    const isSplit = sharedUser !== undefined || system === undefined
    if (!isSplit)
      run.note({ place }, 'the system prompt of a chat stands before the message of the user, in one message')
    const prompt = sharedUser === undefined ? [system, user].filter(Boolean).join('\n\n') : system
    variants.push({
      id,
      ...(label === undefined || label === id ? {} : { description: label }),
      ...(prompt === undefined ? {} : { prompt }),
    })
  }
  if (variants.length === 0)
    run.note(cursorAt(undefined, undefined), 'there is no prompt; one variant without a prompt stands there')
  return variants.length === 0 ? [{ id: 'baseline' }] : variants
}

const understood = new Set(['repeat', 'maxConcurrency', 'delay', 'timeoutMs'])
const steering = new Set([
  'cache',
  'showProgressBar',
  'verbose',
  'write',
  'table',
  'share',
  'progressBar',
  'tableCellMaxLength',
])

function runningOf(config: Cursor, run: PromptfooImport): Pick<ExperimentInput, 'repeats' | 'execution'> {
  const options: Record<string, number> = {}
  for (const [key, member] of [...running].flatMap((name) => config.at(name).members())) {
    if (understood.has(key) && typeof member.value === 'number' && member.value > 0) options[key] = member.value
    else if (!steering.has(key)) run.note(member, `the option \`${key}\` is not taken over`)
  }
  const { repeat, maxConcurrency, delay, timeoutMs } = options
  return {
    ...(repeat === undefined ? {} : { repeats: repeat }),
    execution: {
      concurrency: delay === undefined ? (maxConcurrency ?? usualConcurrency) : 1,
      ...(delay === undefined ? {} : { rateLimit: { perMinute: 60_000 / delay, burst: 1 } }),
      ...(timeoutMs === undefined ? {} : { timeoutSeconds: timeoutMs / 1000 }),
    },
  }
}

/** What promptfoo runs at a time where nothing is said. */
const usualConcurrency = 4

function evaluationOf(defaultTest: Cursor, checks: readonly CheckInput[]): NonNullable<ExperimentInput['evaluation']> {
  const { value: threshold } = defaultTest.at('threshold')
  return {
    checks: [...checks],
    ...(typeof threshold === 'number' ? { passShare: Math.min(1, Math.max(0, threshold)) } : {}),
  }
}
