import type { z } from 'zod'
import { GreenloopError } from '../domain/errors.ts'
import { scanJson } from '../lib/json-guard.ts'
import { lineFinder, parsePositions } from '../lib/positions.ts'
import { readConstraintInput } from './json-conditions.ts'
import { jsonPlaces, type JsonPlaces } from './json-places.ts'
import { combinationSchema, type CombinationDocument } from './json-schema.ts'
import type { Model, ModelValue, Parameter, Scalar, SubModel } from './model.ts'
import { folding } from './model-truth.ts'
import { typed } from './pict-parameters.ts'
import { reporterAt, throwProblems, type Findings, type ReadModel } from './pict-report.ts'
import { resolveParameter } from './pict-terms.ts'

const deepest = 100

/** Reads a model from a JSON text. Throws `model_invalid` with every problem and its place. */
export function readJsonModel(source: string, file: string): ReadModel {
  const text = source.replace(/^\uFEFF/u, '')
  if (scanJson(text, deepest).tooDeepAt !== undefined)
    throw new GreenloopError('model_invalid', `brackets are nested more than ${deepest} deep`, { place: { file } })
  const parsed = parsePositions(text)
  if ('error' in parsed) {
    const { start, end, message } = parsed.error
    const place = { file, ...lineFinder(text)(start), length: Math.max(1, end - start) }
    throw new GreenloopError('model_invalid', message, { problems: [{ message, place }] })
  }
  return read(JSON.parse(text), file, jsonPlaces(file, text))
}

/**
 * Reads a model from an object, as a plan file or a caller has it; `file` names it in messages. Throws `model_invalid`
 * with every problem.
 */
export function readModelObject(input: unknown, file = 'model'): ReadModel {
  return read(input, file, jsonPlaces(file, undefined))
}

function read(input: unknown, file: string, places: JsonPlaces): ReadModel {
  const findings: Findings = { problems: [], warnings: [] }
  const parsed = combinationSchema.safeParse(input, { reportInput: true })
  if (!parsed.success) {
    for (const { path, message } of flatIssues(parsed.error.issues, []))
      findings.problems.push({
        message: `${path.length === 0 ? '' : `${dotted(path)}: `}${message}`,
        place: places.of(path),
      })
    throwProblems(findings, file)
  }
  const document = parsed.data ?? { parameters: {}, subModels: [], constraints: [], caseSensitive: false }
  const { caseSensitive } = document
  const parameters = readParameters(document, { places, findings })
  const subModels = document.subModels.flatMap((_, index) =>
    readSubModel(document, index, { parameters, places, findings }),
  )
  const scope = { parameters, caseSensitive, places, findings }
  const constraints = document.constraints.flatMap((constraint, index) =>
    readConstraintInput(constraint, ['constraints', index], scope),
  )
  throwProblems(findings, file)
  const model: Model = { parameters, subModels, constraints, caseSensitive, strength: document.strength }
  return { model, warnings: findings.warnings }
}

interface Issue {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

/** Of a union that nothing fits, the branch that came furthest says best what is wrong. */
function flatIssues(issues: readonly z.core.$ZodIssue[], before: readonly PropertyKey[]): Issue[] {
  return issues.flatMap((issue): Issue[] => {
    const path = [...before, ...issue.path]
    if (issue.code !== 'invalid_union') return [{ path, message: issue.message }]
    const branches = issue.errors.map((errors) => flatIssues(errors, path))
    const depth = (branch: readonly Issue[]): number => Math.max(...branch.map((each) => each.path.length))
    const deepest = branches.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0]
    const isDecided = deepest !== undefined && depth(deepest) > path.length
    return isDecided ? deepest : [{ path, message: 'this fits none of the forms that can stand here' }]
  })
}

function dotted(path: readonly PropertyKey[]): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index > 0 ? '.' : ''}${String(step)}`))
    .join('')
}

interface Parts {
  readonly places: JsonPlaces
  readonly findings: Findings
}

function readParameters({ parameters, caseSensitive }: CombinationDocument, { places, findings }: Parts): Parameter[] {
  const fold = folding(caseSensitive)
  const seen = new Set<string>()
  if (Object.keys(parameters).length === 0)
    findings.problems.push({ message: 'the model has no parameters', place: places.of(['parameters']) })
  return Object.entries(parameters).map(([name, inputs]) => {
    const place = places.of(['parameters', name])
    if (seen.has(fold(name))) findings.problems.push({ message: `there is a parameter \`${name}\` already`, place })
    seen.add(fold(name))
    const values = inputs.map(readValue)
    const texts = values.map(({ text }) => fold(text))
    const double = values.find(({ text }, index) => texts.indexOf(fold(text)) !== index)
    if (double !== undefined)
      findings.warnings.push({ message: `\`${name}\` has the value \`${double.text}\` twice`, place })
    return typed(name, values)
  })
}

function readValue(input: CombinationDocument['parameters'][string][number]): ModelValue {
  const isObject = typeof input === 'object' && input !== null
  const { value, ...rest } = isObject ? input : { value: input, aliases: [], negative: false, weight: 1 }
  const scalar: Scalar = value
  return { text: String(scalar), ...rest, ...(typeof scalar === 'string' ? {} : { json: scalar }) }
}

interface SubModelScope extends Parts {
  readonly parameters: readonly Parameter[]
}

function readSubModel(document: CombinationDocument, index: number, scope: SubModelScope): SubModel[] {
  const { parameters, places, findings } = scope
  const input = document.subModels[index]
  if (input === undefined) return []
  const found = input.parameters.map((name, at) => {
    const report = reporterAt(() => places.of(['subModels', index, 'parameters', at]), findings)
    return resolveParameter(name, { start: 0, end: 1 }, { parameters, caseSensitive: document.caseSensitive, report })
  })
  const indices = [...new Set(found.filter((each) => each !== undefined))].sort((a, b) => a - b)
  if (indices.length === 0) return []
  const strength = input.strength ?? Math.min(document.strength ?? 2, indices.length)
  if (strength <= indices.length) return [{ parameters: indices, strength }]
  const message = `the strength of this sub-model must be a whole number from 1 to ${indices.length}`
  findings.problems.push({ message, place: places.of(['subModels', index]) })
  return []
}
