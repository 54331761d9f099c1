import { GreenloopError } from '../domain/errors.ts'
import type { Problem } from '../domain/errors.ts'
import { assemble, clausesByConstraint, type Compiled } from './compile.ts'
import type { Constraint, Model } from './model.ts'
import { createSolver, type Solver } from './solver.ts'

/** A model that has at least one valid row, ready for work. */
export interface Prepared {
  readonly compiled: Compiled
  readonly solver: Solver
  /** A line for each value that no row can hold, with its reason. */
  readonly warnings: readonly Problem[]
}

type Clauses = readonly (readonly Int32Array[])[]

/**
 * Compiles a model and makes sure that it has rows at all. Throws `model_contradictory` with a smallest set of clashing
 * constraints (each of them is needed), and `model_invalid` for a constraint that joins too much.
 */
export function prepare(model: Model): Prepared {
  const clauses = clausesByConstraint(model)
  const compiled = assemble(model, clauses)
  const solver = createSolver(compiled)
  if (!solver.isFeasible([])) throw contradictory(model, clauses)
  return { compiled, solver, warnings: emptyValues(model, clauses, { compiled, solver }) }
}

/**
 * Indices of a smallest set of constraints that leave no row with these symbols: without any one of them there is one.
 * Empty where the symbols clash without a constraint. `undefined` where there is such a row.
 */
export function minimalConflict(model: Model, symbols: readonly number[] = []): readonly number[] | undefined {
  return shrink(model, clausesByConstraint(model), symbols)
}

/** QuickXplain (Junker 2004): halves the suspects, so that a small conflict among many constraints costs few solves. */
function shrink(model: Model, clauses: Clauses, symbols: readonly number[]): readonly number[] | undefined {
  const isFeasible = (constraints: readonly number[]): boolean => {
    const chosen = constraints.map((index) => clauses[index] ?? [])
    return createSolver(assemble(model, chosen)).isFeasible(symbols)
  }
  const explain = (background: readonly number[], isNew: boolean, suspects: readonly number[]): readonly number[] => {
    if (isNew && !isFeasible(background)) return []
    if (suspects.length === 1) return suspects
    const half = Math.ceil(suspects.length / 2)
    const first = suspects.slice(0, half)
    const second = suspects.slice(half)
    const needed = explain([...background, ...first], true, second)
    return [...explain([...background, ...needed], needed.length > 0, first), ...needed]
  }
  const all = [...clauses.keys()].filter((index) => (clauses[index]?.length ?? 0) > 0)
  if (isFeasible(all)) return undefined
  if (!isFeasible([])) return []
  return explain([], false, all).toSorted((a, b) => a - b)
}

function contradictory(model: Model, clauses: Clauses): GreenloopError {
  const indices = shrink(model, clauses, []) ?? []
  const clashing = indices.flatMap((index) => model.constraints[index] ?? [])
  if (clashing.length === 0) return onlyNegative(model)
  const count = clashing.length === 1 ? 'one constraint allows no row' : `${clashing.length} constraints clash`
  const list = clashing.map((constraint) => `${lineOf(constraint)}${constraint.text}`)
  return new GreenloopError('model_contradictory', `no row satisfies this model: ${count}\n${list.join('\n')}`, {
    why: 'every other constraint may stay: each of these is needed for the contradiction',
    help: 'change or remove any one of them',
    problems: clashing.map((constraint) => ({ message: constraint.text, place: constraint.place })),
  })
}

function onlyNegative(model: Model): GreenloopError {
  const names = model.parameters
    .filter(({ values }) => values.every(({ negative }) => negative))
    .map(({ name }) => `\`${name}\``)
  const message = `no row satisfies this model: ${names.join(' and ')} have negative values only`
  const why = 'at most one negative value stands in a row'
  return new GreenloopError('model_contradictory', message, { why, help: 'give all but one of them another value' })
}

/** A warning for each value that no row can hold. */
function emptyValues(model: Model, clauses: Clauses, { compiled, solver }: Pick<Prepared, 'compiled' | 'solver'>) {
  const seen = new Uint8Array(compiled.symbols)
  const warnings: Problem[] = []
  for (let symbol = 0; symbol < compiled.symbols; symbol++) {
    if (seen[symbol] === 1) continue
    const row = solver.complete([symbol])
    row?.forEach((value, parameter) => (seen[(compiled.offsets[parameter] ?? 0) + value] = 1))
    if (row === undefined)
      warnings.push(emptyValue(symbol, { model, compiled, reason: shrink(model, clauses, [symbol]) }))
  }
  return warnings
}

interface Empty {
  readonly model: Model
  readonly compiled: Compiled
  readonly reason: readonly number[] | undefined
}

function emptyValue(symbol: number, { model, compiled, reason = [] }: Empty): Problem {
  const index = compiled.parameterOf[symbol] ?? 0
  const parameter = model.parameters[index]
  const value = parameter?.values[symbol - (compiled.offsets[index] ?? 0)]
  const message = `no row can hold \`${value?.text}\` of \`${parameter?.name}\``
  const constraints = reason.flatMap((each) => model.constraints[each] ?? [])
  const [first] = constraints
  if (first === undefined) return { message: `${message}: another parameter has negative values only` }
  const list = constraints.map((constraint) => `${lineOf(constraint)}${constraint.text}`)
  return { message: `${message}, because of\n${list.join('\n')}`, place: first.place }
}

function lineOf({ place }: Constraint): string {
  return place.line === undefined ? '' : `line ${place.line}: `
}
