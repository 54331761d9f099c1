import { isObject, type Members, type Sourced } from './aliases.ts'
import { itemsOf, partsOf, placedList, placedObject } from './placed-values.ts'
import { lift, rename, type ShapeTools } from './schema-mapping.ts'

/** Other names of what plans and datasets say about combining. */
export const combiningAliases: Readonly<Record<string, string>> = {
  engine_type: 'engine',
  combination_engine: 'engine',
  cases_mode: 'mode',
  case_mode: 'mode',
  case_generation: 'strategy',
  generation: 'strategy',
  dimensions: 'pairwiseDimensions',
  pairwise: 'pairwiseDimensions',
  params: 'parameters',
  t: 'strength',
  max: 'maxCases',
  limit: 'maxCases',
}

const modes: Readonly<Record<string, string>> = {
  pairwise: 'pairwise',
  allpairs: 'pairwise',
  pairs: 'pairwise',
  cartesian: 'cartesian',
  full: 'cartesian',
  product: 'cartesian',
  scenario: 'scenario_only',
  scenarios: 'scenario_only',
  scenarioonly: 'scenario_only',
}

const engines: Readonly<Record<string, string>> = {
  pict: 'PICT',
  ipo: 'IPO',
  ipog: 'IPO',
  naive: 'naive',
  best: 'best',
}

/** Brings what is said about combining into the form of the schema. */
export function reshapeCombining(members: Members, tools: ShapeTools): void {
  if (typeof members.get('strategy')?.value === 'string') rename(members, 'strategy', 'mode')
  lift(members, 'strategy', tools)
  renameValue(members, 'mode', modes)
  renameValue(members, 'engine', engines)
  const constraints = members.get('constraints')
  if (typeof constraints?.value === 'string') {
    members.set('constraints', { ...constraints, value: placedList([constraints]) })
  }
  const parameters = members.get('parameters')
  if (parameters !== undefined) members.set('parameters', valueLists(parameters))
  const dimensions = members.get('pairwiseDimensions')
  if (dimensions !== undefined) splitDimensions(members, dimensions)
}

function renameValue(members: Members, key: string, names: Readonly<Record<string, string>>): void {
  const member = members.get(key)
  if (typeof member?.value !== 'string') return
  const folded = member.value.toLowerCase().replaceAll(/[-_ ]/gu, '')
  members.set(key, { ...member, value: names[folded] ?? member.value })
}

/** Values by parameter, from `{ name: [values] }`, `{ name: { values } }`, `{ name: value }` or `[{ name, values }]`. */
function valueLists(source: Sourced): Sourced {
  const parts = namedValues(source)
  return parts === undefined ? source : { ...source, value: placedObject(parts) }
}

function namedValues(source: Sourced): [string, Sourced][] | undefined {
  if (isObject(source.value)) return partsOf(source).map(([name, part]) => [name, listed(part)])
  const items = itemsOf(source).map((item): [string, Sourced] | undefined => {
    const members = new Map(partsOf(item))
    const name = members.get('name') ?? members.get('parameter')
    const values = members.get('values') ?? members.get('options')
    return typeof name?.value === 'string' && values !== undefined ? [name.value, values] : undefined
  })
  const named = items.filter((item) => item !== undefined)
  return named.length === items.length && named.length > 0 ? named : undefined
}

function listed(part: Sourced): Sourced {
  if (Array.isArray(part.value)) return part
  const values = new Map(partsOf(part)).get('values')
  if (values !== undefined) return values
  return isObject(part.value) ? part : { ...part, value: placedList([part]) }
}

/** Dimensions that bring their values along give them to the parameters. */
function splitDimensions(members: Members, source: Sourced): void {
  const parts = namedValues(source)
  if (parts === undefined) return
  const names = parts.map(([name, { at }]) => ({ value: name, at }))
  members.set('pairwiseDimensions', { ...source, value: placedList(names) })
  const parameters = members.get('parameters')
  const before = parameters === undefined ? [] : partsOf(parameters)
  members.set('parameters', { value: placedObject([...before, ...parts]), at: parameters?.at ?? source.at })
}
