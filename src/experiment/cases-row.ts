import type { CaseSpec, FileSpec, Scalar, Turn } from '../domain/case.ts'
import type { CheckSpec } from '../domain/check.ts'
import type { Dataset } from '../domain/experiment.ts'
import { fill, fillText } from '../lib/fill.ts'
import type { Variables } from '../lib/fill.ts'
import type { ParameterRow } from './cases-cover.ts'
import type { Dimensions } from './cases-dimensions.ts'
import { canonicalJson, hashOfCase } from './cases-id.ts'

type Values = Readonly<Record<string, unknown>>

/** A conversation or scenario of a dataset, in one form. */
export interface DatasetRow {
  /** What reports call it. */
  readonly name: string
  readonly inputs: Values
  readonly vars: Values
  readonly query?: string | undefined
  readonly files: readonly FileSpec[]
  readonly turns?: readonly Turn[] | undefined
  /** Checks of the dataset and of the row. */
  readonly checks: readonly CheckSpec[]
  readonly metadata: Values
  /** What the row holds, as text for its hash. */
  readonly content: string
}

/** The rows of a dataset: its conversations first, then its scenarios; one empty row where there are none. */
export function rowsOf(dataset: Dataset): readonly DatasetRow[] {
  const { conversationFlows, scenarios, checks } = dataset
  const flows = conversationFlows.map((flow, index) =>
    rowOf({ ...flow, files: [], checks: [...checks, ...flow.checks] }, `conversation ${index + 1}`),
  )
  const rows = scenarios.map((scenario, index) =>
    rowOf({ ...scenario, checks: [...checks, ...scenario.checks] }, `row ${index + 1}`),
  )
  if (flows.length + rows.length > 0) return [...flows, ...rows]
  return [rowOf({ inputs: {}, vars: {}, files: [], checks, metadata: {} }, dataset.name)]
}

type Written = Omit<DatasetRow, 'name' | 'content'> & { readonly name?: string | undefined }

function rowOf(row: Written, fallback: string): DatasetRow {
  const { inputs, vars, query, files } = row
  // A check says what is wanted of a case, not what the case is.
  const turns = row.turns?.map((turn) => ({ query: turn.query, inputs: turn.inputs, files: turn.files }))
  const content = canonicalJson({ inputs, vars, query, files, turns })
  return { ...row, name: row.name ?? nameFrom(row) ?? fallback, content }
}

const longestName = 60

/** The beginning of what the user says, or of the first text that is sent. */
function nameFrom({ query, turns, inputs }: Written): string | undefined {
  const texts = [query, turns?.[0]?.query, ...Object.values(inputs)]
  const text = texts.find((value): value is string => typeof value === 'string' && value.trim() !== '')
  return text === undefined ? undefined : shortened(text.replaceAll(/\s+/gu, ' ').trim())
}

function shortened(text: string): string {
  const characters = Array.from(text)
  if (characters.length <= longestName) return text
  const cut = characters.slice(0, longestName).join('')
  const space = cut.lastIndexOf(' ')
  return `${space > longestName / 2 ? cut.slice(0, space) : cut} …`
}

/** Parameters that a row gives itself; what is no plain value stands as JSON, so that constraints have something to see. */
export function fixedBy(row: DatasetRow, { values }: Dimensions): ReadonlyMap<string, Scalar> {
  const fixed = new Map<string, Scalar>()
  for (const name of values.keys()) {
    const value = Object.hasOwn(row.inputs, name) ? row.inputs[name] : undefined
    if (value !== undefined) fixed.set(name, isScalar(value) ? value : JSON.stringify(value))
  }
  return fixed
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

/** What a case is made from beside its row. */
export interface CaseParts {
  readonly dataset: string
  readonly parameters: ParameterRow
  readonly dimensions: Dimensions
  /** Told of names of placeholders that nothing fills. */
  readonly onMissing: (name: string) => void
}

/** A case with the whole of its hash. */
export interface MadeCase {
  readonly spec: CaseSpec
  readonly hash: string
}

/** Makes the case of a row and a combination of parameters: what the row gives goes before the parameters. */
export function caseOf(row: DatasetRow, parts: CaseParts): MadeCase {
  const { dataset, dimensions, onMissing } = parts
  const parameters = withRow(parts.parameters, row)
  const { id, whole } = hashOfCase(row.content, canonicalJson(parameters))
  const raw = { ...parts.parameters, ...row.inputs }
  const vars = filled(row.vars, { ...row.vars, ...raw })
  const inputs = filled(raw, { ...vars, ...raw }, onMissing)
  const variables = { ...vars, ...inputs }
  const spec: CaseSpec = {
    id,
    name: `${row.name}${differences(parameters, row, dimensions)}`,
    dataset,
    parameters,
    inputs,
    vars,
    files: filesOf(row.files, variables, onMissing),
    checks: [...row.checks],
    metadata: { ...row.metadata },
    ...(row.query === undefined ? {} : { query: fillText(row.query, variables, onMissing) }),
    ...(row.turns === undefined ? {} : { turns: row.turns.map((turn) => turnOf(turn, variables, onMissing)) }),
  }
  return { spec, hash: whole }
}

/** A parameter that the row gives has its value; a list or an object is no parameter. */
function withRow(parameters: ParameterRow, { inputs }: DatasetRow): Record<string, Scalar> {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, value]): [string, Scalar][] => {
      const own: unknown = Object.hasOwn(inputs, name) ? inputs[name] : undefined
      if (own === undefined) return [[name, value]]
      return isScalar(own) ? [[name, own]] : []
    }),
  )
}

function filled(values: Values, variables: Variables, onMissing?: (name: string) => void): Record<string, unknown> {
  return fill(values, variables, onMissing) as Record<string, unknown>
}

function turnOf(turn: Turn, variables: Variables, onMissing: (name: string) => void): Turn {
  const own = { ...variables, ...turn.inputs }
  return {
    ...turn,
    query: fillText(turn.query, own, onMissing),
    inputs: filled(turn.inputs, own, onMissing),
    files: filesOf(turn.files, own, onMissing),
  }
}

function filesOf(files: readonly FileSpec[], variables: Variables, onMissing: (name: string) => void): FileSpec[] {
  return files.map((file) => ({
    ...file,
    ...(file.path === undefined ? {} : { path: fillText(file.path, variables, onMissing) }),
    ...(file.url === undefined ? {} : { url: fillText(file.url, variables, onMissing) }),
  }))
}

const mostDifferences = 4

/** The parameters that are not at their usual value: ` [lang=ru, tone=formal, 3 more]`. */
function differences(parameters: ParameterRow, row: DatasetRow, { values }: Dimensions): string {
  const unusual = Object.entries(parameters).filter(
    ([name, value]) => !Object.hasOwn(row.inputs, name) && values.get(name)?.[0] !== value,
  )
  if (unusual.length === 0) return ''
  const shown = unusual.slice(0, mostDifferences).map(([name, value]) => `${name}=${shortened(String(value))}`)
  const rest = unusual.length - shown.length
  return ` [${[...shown, ...(rest > 0 ? [`${rest} more`] : [])].join(', ')}]`
}
