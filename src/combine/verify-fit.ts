import type { Model } from './model.ts'
import { formulaOf, parametersOf, satisfies, type Formula } from './model-truth.ts'

/** A condition with its parameters. */
interface Rule {
  readonly formula: Formula
  readonly parameters: readonly number[]
}

/** Answers from the constraints as they were read, without the clauses and the solver that make arrays. */
export interface Fit {
  /** Index of a constraint that a full row violates; -1 where two negative values meet; `undefined` for a valid row. */
  violated(row: ArrayLike<number>): number | undefined
  /** How many negative values a valid row with these values of these parameters has at least. */
  negativesFor(parameters: readonly number[], values: readonly number[]): Need
}

/** Negative values that are needed; `undefined` where there is no valid row. */
type Need = 0 | 1 | undefined

/** Answers that are remembered. */
const mostRemembered = 1_000_000

/** A checker by depth-first search with forward checking, parameter group by parameter group. */
export function createFit(model: Model): Fit {
  const formulas = model.constraints.map((constraint) => formulaOf(constraint, model))
  const rules = formulas.flatMap(conjuncts).map((formula): Rule => ({ formula, parameters: parametersOf(formula) }))
  const groups = groupsOf(model, rules)
  const open = Int32Array.from(model.parameters, () => -1)
  const free = groups.map((group) => needOf(group, open, model))
  const isImpossible = free.includes(undefined) || rules.some((rule) => isRefusal(rule, model))
  const needed = free.filter((need) => need === 1).length
  const groupOf = new Map(groups.flatMap((group, index) => group.parameters.map((parameter) => [parameter, index])))
  const known = new Map<string, Need>()
  /** Need of one group with those of the values that are its own. */
  const needIn = (index: number, parameters: readonly number[], values: readonly number[]): Need => {
    const own = [...parameters.keys()].filter((at) => groupOf.get(parameters[at] ?? -1) === index)
    const key = own.map((at) => `${parameters[at]}=${values[at]}`).join()
    if (known.has(key)) return known.get(key)
    const fixed = open.slice()
    for (const at of own) fixed[parameters[at] ?? 0] = values[at] ?? -1
    const need = needOf(groups[index], fixed, model)
    if (known.size >= mostRemembered) known.clear()
    known.set(key, need)
    return need
  }
  const negativesFor = (parameters: readonly number[], values: readonly number[]): Need => {
    if (isImpossible) return undefined
    let negatives = needed
    for (let at = 0; at < parameters.length; at++) {
      const index = groupOf.get(parameters[at] ?? -1) ?? -1
      if (parameters.findIndex((parameter) => groupOf.get(parameter) === index) < at) continue
      const need = needIn(index, parameters, values)
      if (need === undefined) return undefined
      negatives += need - (free[index] ?? 0)
    }
    return negatives === 0 ? 0 : negatives === 1 ? 1 : undefined
  }
  const violated = (row: ArrayLike<number>): number | undefined => {
    const negatives = model.parameters.filter(({ values }, index) => values[row[index] as number]?.negative === true)
    if (negatives.length > 1) return -1
    const index = formulas.findIndex((formula) => !satisfies(formula, row, model))
    return index === -1 ? undefined : index
  }
  return { violated, negativesFor }
}

function isRefusal({ formula, parameters }: Rule, model: Model): boolean {
  return parameters.length === 0 && !satisfies(formula, [], model)
}

function needOf(group: Group | undefined, fixed: ArrayLike<number>, model: Model): Need {
  if (group === undefined) return undefined
  if (search(group, fixed, { model, allowed: 0 })) return 0
  return search(group, fixed, { model, allowed: 1 }) ? 1 : undefined
}

function conjuncts(formula: Formula): Formula[] {
  return formula.kind === 'and' ? formula.parts.flatMap(conjuncts) : [formula]
}

/** Parameters that rules join, with these rules by parameter. */
interface Group {
  readonly parameters: readonly number[]
  readonly rules: ReadonlyMap<number, readonly Rule[]>
}

function groupsOf(model: Model, rules: readonly Rule[]): Group[] {
  const byParameter = new Map<number, Rule[]>(model.parameters.map((_, index) => [index, []]))
  for (const rule of rules) for (const parameter of rule.parameters) byParameter.get(parameter)?.push(rule)
  const groups: Group[] = []
  const placed = new Set<number>()
  for (const start of byParameter.keys()) {
    if (placed.has(start)) continue
    const members = [start]
    placed.add(start)
    for (const member of members) {
      const joined = new Set(byParameter.get(member)?.flatMap((rule) => rule.parameters))
      const fresh = [...joined].filter((each) => !placed.has(each))
      members.push(...fresh)
      for (const each of fresh) placed.add(each)
    }
    groups.push({
      parameters: members,
      rules: new Map(members.map((member) => [member, byParameter.get(member) ?? []])),
    })
  }
  return groups
}

interface SearchScope {
  readonly model: Model
  /** Negative values that the group may have. */
  readonly allowed: 0 | 1
}

function search(group: Group, fixed: ArrayLike<number>, { model, allowed }: SearchScope): boolean {
  const row = Int32Array.from(model.parameters, () => -1)
  const isNegative = (parameter: number, value: number): boolean =>
    model.parameters[parameter]?.values[value]?.negative === true
  const domains = new Map<number, readonly number[]>()
  for (const parameter of group.parameters) {
    const wanted = fixed[parameter] as number
    const all = model.parameters[parameter]?.values.map((_, value) => value) ?? []
    const own = wanted >= 0 ? [wanted] : all
    domains.set(parameter, allowed === 0 ? own.filter((value) => !isNegative(parameter, value)) : own)
  }
  const descend = (open: ReadonlyMap<number, readonly number[]>, negatives: number): boolean => {
    const next = smallest(open)
    if (next === undefined) return true
    for (const value of open.get(next) ?? []) {
      const used = negatives + (isNegative(next, value) ? 1 : 0)
      row[next] = value
      const narrowed = used > allowed ? undefined : narrow(open, next, { group, row, model })
      if (narrowed !== undefined && descend(narrowed, used)) return true
    }
    row[next] = -1
    return false
  }
  return descend(domains, 0)
}

function smallest(open: ReadonlyMap<number, readonly number[]>): number | undefined {
  let best: number | undefined
  let size = Number.POSITIVE_INFINITY
  for (const [parameter, values] of open) {
    if (values.length >= size) continue
    best = parameter
    size = values.length
  }
  return best
}

interface NarrowScope {
  readonly group: Group
  readonly row: Int32Array
  readonly model: Model
}

/** What is left open once a parameter has its value; `undefined` where a rule or a parameter has nothing left. */
function narrow(open: ReadonlyMap<number, readonly number[]>, set: number, { group, row, model }: NarrowScope) {
  const left = new Map(open)
  left.delete(set)
  for (const { formula, parameters } of group.rules.get(set) ?? []) {
    const undecided = parameters.filter((parameter) => left.has(parameter))
    const [last] = undecided
    if (last === undefined && !satisfies(formula, row, model)) return undefined
    if (last === undefined || undecided.length > 1) continue
    const before = row[last] as number
    const values = (left.get(last) ?? []).filter((value) => {
      row[last] = value
      return satisfies(formula, row, model)
    })
    row[last] = before
    if (values.length === 0) return undefined
    left.set(last, values)
  }
  return left
}
