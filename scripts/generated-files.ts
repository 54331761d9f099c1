import { z } from 'zod'
import { requestAliases } from '../src/config/request-aliases.ts'
import { suiteAliasTables } from '../src/config/suite-aliases.ts'
import { settingSchema, settingsFileSchema, settingSources, type SettingPath } from '../src/config/settings-schema.ts'
import { combinationSchema } from '../src/combine/json-schema.ts'
import { fileSchema, turnSchema } from '../src/domain/case.ts'
import { checkSchema } from '../src/domain/check.ts'
import { experimentSchema, variantSchema } from '../src/domain/experiment.ts'
import { manifestSchema } from '../src/domain/manifest.ts'
import { patchSchema } from '../src/domain/patch.ts'
import { policySchema } from '../src/domain/policy.ts'
import { repairFileSchema } from '../src/domain/repair-config.ts'
import { trialSchema } from '../src/domain/trial.ts'
import { errorCatalog } from '../src/domain/errors.ts'
import { executionRequestSchema } from '../src/domain/execution-request.ts'
import { suiteSchema } from '../src/domain/suite.ts'
import { catalogSchema, environmentSchema } from '../src/domain/workflow.ts'
import { apiPage, openApiFile, operationsFile } from './api-reference.ts'
import { manifestForms, planForms } from './file-forms.ts'
import { experimentsPage } from './experiment-reference.ts'
import { repairPage } from './repair-reference.ts'
import { snakeSchema } from './snake-schema.ts'

/** Files that are made from the sources, by path relative to the repository, with their text. */
export function generatedFiles(): Readonly<Record<string, string>> {
  return {
    'docs/schemas/suite.schema.json': jsonSchema(suiteSchema),
    'docs/schemas/request.schema.json': jsonSchema(executionRequestSchema),
    'docs/schemas/settings.schema.json': jsonSchema(settingsFileSchema),
    'docs/schemas/combination.schema.json': jsonSchema(combinationSchema),
    'docs/schemas/trial.schema.json': jsonSchema(trialSchema),
    'docs/schemas/test_plan.schema.json': snakeJsonSchema(experimentSchema, planForms),
    'docs/schemas/workflows.schema.json': snakeJsonSchema(catalogSchema),
    'docs/schemas/env.schema.json': snakeJsonSchema(environmentSchema),
    'docs/schemas/run_manifest.schema.json': snakeJsonSchema(manifestSchema, manifestForms),
    'docs/schemas/repair.schema.json': jsonSchema(repairFileSchema),
    'docs/reference/settings.md': settingsPage(),
    'docs/reference/policy.md': policyPage(),
    'docs/reference/experiments.md': experimentsPage(generatedNote),
    'docs/reference/repair.md': repairPage(generatedNote),
    'docs/reference/api.md': apiPage(generatedNote),
    'docs/openapi.json': openApiFile(),
    'src/client/operations.ts': operationsFile(),
    'docs/reference/errors.md': errorsPage(),
    'docs/reference/names.md': namesPage(),
    '.env.example': envExample(),
  }
}

function jsonSchema(schema: z.ZodType): string {
  return `${JSON.stringify(z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input' }), null, 2)}\n`
}

/** What files of experiments have in many places stands once, under a name. */
const named = { check: checkSchema, patch: patchSchema, turn: turnSchema, file: fileSchema, variant: variantSchema }
for (const [id, schema] of Object.entries(named)) z.globalRegistry.add(schema, { ...schema.meta(), id })

/** Files of experiments have their keys in snake_case. */
function snakeJsonSchema(schema: z.ZodType, forms = (node: Readonly<Record<string, unknown>>) => node): string {
  const node = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input' })
  return `${JSON.stringify(forms(snakeSchema(node) as Readonly<Record<string, unknown>>), null, 2)}\n`
}

interface SettingFacts {
  readonly path: SettingPath
  readonly env: string
  readonly flag: string
  readonly initial: string
  readonly meaning: string
}

function settingFacts(): SettingFacts[] {
  return (Object.keys(settingSources) as SettingPath[]).map((path) => {
    const { env = '', flag = '' } = settingSources[path]
    const schema = settingSchema(path)
    const initial = schema.safeParse(undefined).data
    return {
      path,
      env,
      flag,
      initial: initial === undefined ? '' : typeof initial === 'string' ? initial : JSON.stringify(initial),
      meaning:
        path === 'llm.apiKey'
          ? 'Key of the model server, sent as a bearer token. Never read from a settings file.'
          : (schema.description ?? ''),
    }
  })
}

const generatedNote = 'Made by `scripts/write-schemas.ts`; edit the sources it names, not this page.'

function settingsPage(): string {
  const rows = settingFacts().map(({ path, env, flag, initial, meaning }) => {
    const cells = [code(path), code(initial), code(env), code(flag), meaning]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  return `# Settings

${generatedNote} Source: \`src/config/settings-schema.ts\`.

A setting is taken from the first of these that gives it: an option of the command line, a variable of the environment,
a variable in \`.env\` of the working folder, the settings file, the default. An empty variable counts as unset.

The settings file is the nearest \`greenloop.yaml\`, \`greenloop.yml\` or \`greenloop.json\`, or the key \`greenloop\` of a
\`package.json\`, from the working folder upwards to the root of the repository. Its keys may be written in camelCase or
snake_case. Paths in it are relative to it. \`greenloop config show --origin\` prints every setting with its source.

For \`greenloop run\`, a request file goes before all of these but the command line.

| Setting | Default | Variable | Option | Meaning |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`
}

/** Every key of an execution policy, nested ones with their path. */
function policyPage(): string {
  const schema = z.toJSONSchema(policySchema, { target: 'draft-2020-12', io: 'input' }) as SchemaNode
  const rows = policyRows(schema, '').map(
    (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`,
  )
  return `# Execution policy

${generatedNote} Source: \`src/domain/policy.ts\`.

How tasks are run, as the library takes it and as manifests write it; there every key may be written in snake_case, and
\`backoff_seconds\` beside \`batch_size\` is the pause between batches. Times are in seconds.

| Key | Default | Meaning |
| --- | --- | --- |
${rows.join('\n')}
`
}

interface SchemaNode {
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, SchemaNode>>
}

function policyRows({ properties = {} }: SchemaNode, path: string): string[][] {
  return Object.entries(properties).flatMap(([key, node]) => {
    const inner = policyRows(node, `${path}${key}.`)
    const initial = node.default === undefined || inner.length > 0 ? '' : JSON.stringify(node.default)
    return [[code(`${path}${key}`), code(initial), node.description ?? ''], ...inner]
  })
}

/** Canonical keys with the names that mean the same. */
function aliasTable(aliases: Readonly<Record<string, string>>): string {
  const byKey = Object.groupBy(Object.entries(aliases), ([, key]) => key)
  const rows = Object.entries(byKey).map(
    ([key, entries]) => `| \`${key}\` | ${(entries ?? []).map(([alias]) => code(alias)).join(', ')} |`,
  )
  return `| Key | Also accepted |\n| --- | --- |\n${rows.join('\n')}\n`
}

function namesPage(): string {
  const tables = Object.entries(suiteAliasTables).map(([object, aliases]) => `### ${object}\n\n${aliasTable(aliases)}`)
  return `# Names that are accepted

${generatedNote} Sources: \`src/config/suite-aliases.ts\`, \`expected.ts\`, \`request-aliases.ts\`.

Every key may also be written in snake_case, camelCase, kebab-case or other capitals. Two names for one thing in one
object are a mistake, and so is a key that nobody knows: data of your own goes under \`custom\`.

## Suites

What stands under \`expected\` is read by these rules, in this order:

1. Text is an expectation in words: \`{ "text": … }\`. Where the case calls a function, a warning says so.
2. An object with a key of an expectation, or one that is nearly such a key, is taken as it is.
3. Of a case with \`call\`, anything else is what the call returns: \`{ "returns": … }\`.
4. Of a case with \`request\`, a number is the status, and a list or another object the exact body.

So a value that is text, or an object with a key such as \`status\`, is written out: \`{ "returns": { "status": "ok" } }\`.

A list under \`inputs\` holds positional arguments. Priorities may be P0 to P3 or 1 to 4 (1 is the highest), and common
words for them in English, Chinese and Russian.

${tables.join('\n')}
## Execution requests

${aliasTable(requestAliases)}`
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``
}

function errorsPage(): string {
  const entries = Object.entries(errorCatalog).map(
    ([name, { id, exit, title, explanation }]) =>
      `## ${id}: ${title}\n\n\`${name}\`, exit code ${exit}.\n\n${explanation}\n`,
  )
  return `# Errors

${generatedNote} Source: \`src/domain/errors.ts\`. \`greenloop explain GL0201\` prints an entry.

${entries.join('\n')}`
}

/** Variables that people commonly set are written out, the others are in comments. */
function envExample(): string {
  const entries = settingFacts()
    .filter(({ env }) => env !== '')
    .map(
      ({ env, initial, meaning }) =>
        `# ${meaning.replaceAll('`', '')}\n${env === 'LLM_API_KEY' ? '' : '# '}${env}=${initial === '{}' ? '' : initial}\n`,
    )
  return `# Copy to .env and fill in what you need; .env is ignored by git. Empty variables count as unset.
# The real environment goes before this file.

${entries.join('\n')}`
}
