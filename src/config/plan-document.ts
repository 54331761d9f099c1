import { foldName } from '../lib/nearest.ts'
import { isObject, type Sourced } from './aliases.ts'
import { itemsOf, namedItems, partsOf, placedList, placedObject } from './placed-values.ts'
import { variantNames } from './plan-workflow-variants.ts'
import type { SourceDocument } from './source-document.ts'

/** A plan file taken apart: the plan, and what other files may hold as well. */
export interface SplitPlan {
  readonly plan: Sourced
  /** The environment, where the plan holds it itself. */
  readonly environment?: Sourced | undefined
  /** Workflows that the plan describes itself: among those it tries, or as a catalog of its own. */
  readonly catalogs: readonly Sourced[]
  /** Whether the plan holds its catalog, so that no file is looked for. */
  readonly holdsCatalog: boolean
}

const environmentNames = new Set(['env', 'environment'])
const workflowsNames = new Set(['workflows', 'workflow'])
const catalogNames = new Set(['catalog', 'workflowcatalog'])
const idNames = new Set(['id', 'workflowid', 'catalogid', 'name'])
const datasetNames = new Set(['datasets', 'dataset', 'datasetrefs'])

/** Folded names of members that only a description of a workflow has. */
const describing = new Set([
  'target',
  'type',
  'kind',
  'server',
  'apikey',
  'dsl',
  'dslfile',
  'dslpath',
  'http',
  'url',
  'endpoint',
  'parameters',
  'inputs',
  'params',
  'model',
  'system',
  'stub',
  'file',
  'module',
  'app',
  'apptype',
  'appid',
  'version',
])

/** Takes a plan apart. An entry of `workflows` that describes its workflow goes into the catalog and is named in the plan. */
export function splitPlan({ value }: SourceDocument): SplitPlan {
  const root: Sourced = { value, at: [] }
  if (!isObject(value)) return { plan: root, catalogs: [], holdsCatalog: false }
  const parts = partsOf(root)
  const environment = inlineEnvironment(root)
  const workflows = parts.find(([name]) => workflowsNames.has(foldName(name)))
  const entries = workflows === undefined ? [] : itemsOf(namedItems(listed(workflows[1]), 'id'))
  const described = entries.filter(describesWorkflow)
  const rest = parts.flatMap(([name, part]): [string, Sourced][] => {
    if (part.value === environment?.value && environmentNames.has(foldName(name))) return []
    if (isInlineCatalog(name, part)) return []
    if (name !== workflows?.[0] || entries.length === 0) return [[name, part]]
    return [[name, { ...part, value: placedList(entries.map(reference)) }]]
  })
  const among = { value: placedList(described.map(description)), at: workflows?.[1].at ?? [] }
  const catalogs = parts.filter(([name, part]) => isInlineCatalog(name, part)).map(([, part]) => part)
  return {
    plan: { value: placedObject(rest), at: [] },
    environment,
    holdsCatalog: catalogs.length > 0,
    catalogs:
      described.length === 0 ? catalogs : [{ value: placedObject([['workflows', among]]), at: [] }, ...catalogs],
  }
}

function isInlineCatalog(name: string, { value }: Sourced): boolean {
  return catalogNames.has(foldName(name)) && typeof value === 'object' && value !== null
}

/** The environment that a file holds under a key of its own. */
export function inlineEnvironment(root: Sourced): Sourced | undefined {
  return partsOf(root).find(([name, part]) => environmentNames.has(foldName(name)) && isObject(part.value))?.[1]
}

/** A single id, or a single description, is the only entry of a list. */
function listed(source: Sourced): Sourced {
  const { value } = source
  const isOne = typeof value === 'string' || (isObject(value) && Object.keys(value).some(isIdName))
  return isOne ? { ...source, value: placedList([source]) } : source
}

function isIdName(name: string): boolean {
  const folded = foldName(name)
  return folded === 'id' || folded === 'workflowid' || folded === 'catalogid'
}

function describesWorkflow(entry: Sourced): boolean {
  return partsOf(entry).some(([name]) => describing.has(foldName(name)))
}

/** Members that say what of the plan a workflow is tried with. */
function isReferring(folded: string): boolean {
  return datasetNames.has(folded) || variantNames.has(folded)
}

function reference(entry: Sourced): Sourced {
  if (typeof entry.value === 'string') return { ...entry, value: placedObject([['id', entry]]) }
  if (!describesWorkflow(entry)) return entry
  const parts = partsOf(entry)
  const hasId = parts.some(([name]) => isIdName(name))
  const kept = parts.filter(([name]) => {
    const folded = foldName(name)
    return isReferring(folded) || (hasId ? isIdName(name) : idNames.has(folded))
  })
  return { ...entry, value: placedObject(kept) }
}

function description(entry: Sourced): Sourced {
  const kept = partsOf(entry).filter(([name]) => !isReferring(foldName(name)))
  return { ...entry, value: placedObject(kept) }
}
