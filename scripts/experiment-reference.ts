import { z } from 'zod'
import { checkSchema } from '../src/domain/check.ts'
import {
  datasetSchema,
  evaluationSchema,
  experimentSchema,
  flowSchema,
  scenarioSchema,
  variantSchema,
} from '../src/domain/experiment.ts'
import { patchSchema, selectorSchema } from '../src/domain/patch.ts'
import { environmentSchema, modelSchema, serverSchema, workflowSchema } from '../src/domain/workflow.ts'
import { fileSchema, turnSchema } from '../src/domain/case.ts'
import { snakeSchema } from './snake-schema.ts'

interface SchemaNode {
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
  readonly additionalProperties?: SchemaNode | boolean
}

/** Parts with a table of their own are not taken apart where they are used. */
const separate = new Set([
  'checks',
  'turns',
  'files',
  'scenarios',
  'conversation_flows',
  'datasets',
  'variants',
  'patches',
  'select',
  'servers',
  'models',
  'execution',
  'evaluation',
  'workflows',
])

/** The reference of the files of experiments, from their schemas. */
export function experimentsPage(note: string): string {
  return `# Files of experiments

${note} Sources: \`src/domain/experiment.ts\`, \`workflow.ts\`, \`check.ts\`, \`patch.ts\`, \`case.ts\`.

Keys stand in snake_case here; camelCase and kebab-case are read as well. What each is for: [experiments](../experiments.md).

## test_plan.yaml

${table(experimentSchema)}
\`execution\` is an [execution policy](policy.md).

### datasets

${table(datasetSchema)}
### datasets: scenarios

A row of a file is one as well: columns are inputs, or \`vars\`; \`query\`, \`name\` and \`id\` are what they are called.

${table(scenarioSchema)}
### datasets: conversation_flows

${table(flowSchema)}
### turns

${table(turnSchema)}
### files

${table(fileSchema)}
### variants

${table(variantSchema)}
### evaluation

${table(evaluationSchema)}
## Checks

Every check has these keys, and those of its type.

${union(checkSchema, 'type')}
## Patches

${union(patchSchema, 'op')}
### select

${table(selectorSchema)}
## workflows.yaml

\`workflows\` is a list of these, or an object by id.

${union(workflowSchema, 'target')}
## env.yaml

${table(environmentSchema)}
### servers

${table(serverSchema)}
### models

${table(modelSchema)}`
}

function nodeOf(schema: z.ZodType): SchemaNode {
  const json = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input', reused: 'inline' })
  return resolved(snakeSchema(json) as SchemaNode & { $ref?: string; $defs?: Readonly<Record<string, SchemaNode>> })
}

/** A schema that bears a name refers to itself. */
function resolved(node: SchemaNode & { $ref?: string; $defs?: Readonly<Record<string, SchemaNode>> }): SchemaNode {
  const name = node.$ref?.split('/').at(-1)
  return name === undefined ? node : (node.$defs?.[name] ?? node)
}

function table(schema: z.ZodType): string {
  return tableOf(rowsOf(nodeOf(schema), ''))
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const lines = rows.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
  return `| Key | Type | Default | Meaning |\n| --- | --- | --- | --- |\n${lines.join('\n')}\n`
}

function rowsOf({ properties = {}, required = [] }: SchemaNode, path: string): string[][] {
  return Object.entries(properties).flatMap(([key, node]) => {
    if (key === '$schema') return []
    const name = `${path}${key}`
    const inner = separate.has(key) ? [] : innerRows(node, name)
    const initial = node.default === undefined || inner.length > 0 ? '' : code(JSON.stringify(node.default))
    const needed = required.includes(key) && node.default === undefined ? '**required**' : initial
    return [[code(name), typeOf(node), needed, node.description ?? ''], ...inner]
  })
}

function innerRows(node: SchemaNode, name: string): string[][] {
  if (node.properties !== undefined) return rowsOf(node, `${name}.`)
  if (node.items?.properties !== undefined) return rowsOf(node.items, `${name}[].`)
  const map = node.additionalProperties
  return typeof map === 'object' && map.properties !== undefined ? rowsOf(map, `${name}.*.`) : []
}

function typeOf(node: SchemaNode): string {
  if (node.enum !== undefined) return node.enum.map((value) => code(String(value))).join(', ')
  if (node.const !== undefined) return code(JSON.stringify(node.const))
  const parts = node.anyOf ?? node.oneOf
  if (parts !== undefined) return [...new Set(parts.map(typeOf))].join(' or ')
  if (node.type === 'array') return node.items === undefined ? 'list' : `list of ${typeOf(node.items)}`
  if (node.type === undefined) return 'anything'
  return { string: 'text', integer: 'whole number', boolean: 'true or false' }[String(node.type)] ?? String(node.type)
}

/** What all members have in common, then each by its kind. */
function union(schema: z.ZodType, by: string): string {
  const node = nodeOf(schema)
  const members = node.oneOf ?? node.anyOf ?? []
  const names = members.map(({ properties }) => new Set(Object.keys(properties ?? {})))
  const shared = (key: string): boolean => names.every((each) => each.has(key))
  const [first] = members
  const common = tableOf(
    rowsOf(
      only(first ?? {}, (key) => key !== by && shared(key)),
      '',
    ),
  )
  const own = members.map((member) => {
    const named = member.properties?.[by]?.const
    const kind = typeof named === 'string' ? named : ''
    const rows = rowsOf(
      only(member, (key) => key !== by && !shared(key)),
      '',
    )
    const about = member.description === undefined ? '' : `${member.description}\n\n`
    const keys = rows.length === 0 ? 'No further keys.\n' : tableOf(rows)
    return `### ${by}: ${kind}\n\n${about}${keys}`
  })
  return [common, ...own].join('\n')
}

function only(node: SchemaNode, keep: (key: string) => boolean): SchemaNode {
  const entries = Object.entries(node.properties ?? {}).filter(([key]) => keep(key))
  return { ...node, properties: Object.fromEntries(entries) }
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``
}
