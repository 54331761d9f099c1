import { compile } from '../combine/compile.ts'
import { localise } from '../combine/localise.ts'
import { readModel } from '../combine/model-read.ts'
import type { CombineOptions } from '../combine/options.ts'
import { createSolver } from '../combine/solver.ts'
import type { Scalar } from '../domain/case.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Cover, CoverRequest } from '../experiment/cases-cover.ts'
import type { Localise } from '../experiment/suspects.ts'
import { combineKept } from './combine.ts'

/** Makes combinations for experiments with the engines of `combine`; covering arrays are kept in a folder (absolute). */
export function coverWith(folder: string | undefined, signal: AbortSignal): Cover {
  return async ({ parameters, constraints, strength, engine, seed, maxCases, all, quick }) => {
    const model = modelText(parameters, constraints)
    const options: CombineOptions = all
      ? { engine: 'naive', strength, maxCases, seed, signal }
      : { engine: engine as CombineOptions['engine'], strength, seed, signal, fast: quick }
    const made = await combineKept(model, options, all ? undefined : folder).catch(throwNumbered)
    return {
      rows: made.cases,
      tuples: made.tuples,
      lowerBound: made.lowerBound,
      engine: made.engine,
      isCut: made.stopped === 'max_cases',
      warnings: made.warnings.map(({ message }) => message),
    }
  }
}

/** A model with each constraint on a line of its own, so that the place of a problem tells which one it is about. */
function modelText(parameters: CoverRequest['parameters'], constraints: readonly unknown[]): string {
  const lines = constraints.map((constraint) => JSON.stringify(constraint)).join(',\n')
  return `{"caseSensitive":true,"parameters":${JSON.stringify(parameters)},"constraints":[\n${lines}\n]}`
}

function throwNumbered(error: unknown): never {
  if (!(error instanceof GreenloopError)) throw error
  const { message, help } = error
  const problems = error.problems.map(({ place, ...rest }) => {
    const line = (place?.line ?? 1) - 1
    return line < 1 ? rest : { ...rest, place: { file: '', line } }
  })
  throw new GreenloopError(error.code, message, { problems, cause: error, ...(help === undefined ? {} : { help }) })
}

/** Names the combinations of parameters that explain failures, with the engine of `combine --results`. */
export const localiseRows: Localise = (parameters, rows) => {
  const { model } = readModel(JSON.stringify({ parameters, caseSensitive: true }), { file: 'parameters.json' })
  const names = model.parameters.map(({ name }) => name)
  const valuesOf = (name: string): readonly Scalar[] => parameters[name] ?? []
  const outcomes = rows.map(({ values, passed, failed }) => ({
    row: names.map((name) => valuesOf(name).indexOf(values[name] ?? null)),
    passed,
    failed,
  }))
  const compiled = compile(model)
  const found = localise({ compiled, solver: createSolver(compiled) }, outcomes, { proposals: 0 })
  return found.suspects.map(({ combination, failed, passed }, index) => ({
    parameters: Object.fromEntries(
      combination.map(({ parameter, value }) => {
        const name = names[parameter] ?? ''
        return [name, valuesOf(name)[value] ?? null]
      }),
    ),
    failed,
    passed,
    explains: found.explanation.includes(index),
  }))
}
