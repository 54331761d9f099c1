import type { Model, Parameter, SubModel } from './model.ts'
import { readConstraints } from './pict-constraints.ts'
import { readParameter, split, trimmed, type ParameterScope, type Separators } from './pict-parameters.ts'
import { reporterFor, throwProblems, type Findings, type ReadModel } from './pict-report.ts'
import { resolveParameter } from './pict-terms.ts'

/** How a model file is read. */
export interface PictOptions {
  /** Name of the file, for messages. */
  readonly file: string
  /** Whether names and values differ by case. */
  readonly caseSensitive?: boolean | undefined
  /** Strength of sub-models that name none; 2 unless set. */
  readonly strength?: number | undefined
  readonly separators?: Partial<Separators> | undefined
}

const usual: Separators = { values: ',', aliases: '|', negative: '~' }

/**
 * Reads a model in the PICT language: parameters, sub-models, constraints. Throws `model_invalid` with every problem and
 * its place; what merely looks odd comes as warnings.
 */
export function readPict(source: string, options: PictOptions): ReadModel {
  const text = source.replace(/^\uFEFF/u, '')
  const { file, caseSensitive = false } = options
  const findings: Findings = { problems: [], warnings: [] }
  const report = reporterFor(text, file, findings)
  const scope: ParameterScope = { separators: { ...usual, ...options.separators }, caseSensitive, report }
  const { definitions, from } = sections(text)
  const parameters: Parameter[] = []
  for (const line of definitions.filter((each) => !each.text.trimStart().startsWith('{'))) {
    const parameter = readParameter(line, parameters, scope)
    if (parameter !== undefined) parameters.push(parameter)
  }
  if (parameters.length === 0 && findings.problems.length === 0)
    report.problem('the model has no parameters', { start: 0, end: 1 }, 'write `Name: value, value`')
  const subModels = definitions
    .filter((each) => each.text.trimStart().startsWith('{'))
    .flatMap((line) => readSubModel(line, parameters, { ...scope, strength: options.strength ?? 2 }) ?? [])
  const constraints = readConstraints({ parameters, caseSensitive, report, text, from, openEnd: false })
  throwProblems(findings, file)
  const model: Model = { parameters, subModels, constraints, caseSensitive }
  return { model, warnings: findings.warnings }
}

interface Line {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** The lines before the constraints, without comments and empty ones, and the offset of the first constraint. */
function sections(text: string): { readonly definitions: Line[]; readonly from: number } {
  const definitions: Line[] = []
  let start = 0
  for (const raw of text.split('\n')) {
    const line = raw.replace(/\r$/u, '')
    const shown = line.trim()
    if (isConstraint(shown)) return { definitions, from: start }
    if (shown !== '' && !shown.startsWith('#')) definitions.push({ text: line, start, end: start + line.length })
    start += raw.length + 1
  }
  return { definitions, from: text.length }
}

/** Constraints begin with a parameter in brackets or a function, behind any number of IF, NOT and opening parentheses. */
function isConstraint(line: string): boolean {
  const rest = line.replace(/^(?:(?:if|not)(?![\p{L}\p{N}_-])\s*|\(\s*)*/iu, '')
  return /^(?:\[|is(?:negative|positive)\s*\()/iu.test(rest) || (rest === '' && line !== '')
}

/** Reads `{ A, B, C } @ 3`. */
function readSubModel(
  line: Line,
  parameters: readonly Parameter[],
  scope: ParameterScope & { strength: number },
): SubModel | undefined {
  const { report } = scope
  const shape = /^\s*\{([^}]*)\}\s*(?:@\s*(\S+)\s*)?$/u.exec(line.text)
  if (shape === null) return report.problem('this sub-model cannot be read', trimmed(line), 'write `{ A, B, C } @ 3`')
  const inner = shape[1] ?? ''
  const start = line.start + line.text.indexOf('{') + 1
  const pieces = split({ text: inner, start, end: start + inner.length }, ',')
  const resolve = { parameters, caseSensitive: scope.caseSensitive, report }
  const found = pieces.map((piece) => resolveParameter(piece.text, piece, resolve))
  if (found.includes(undefined)) return undefined
  const indices = [...new Set(found.filter((index) => index !== undefined))].sort((a, b) => a - b)
  if (indices.length < found.length) report.warning('this sub-model names a parameter twice', trimmed(line))
  const strength = shape[2] === undefined ? Math.min(scope.strength, indices.length) : Number(shape[2])
  if (Number.isInteger(strength) && strength >= 1 && strength <= indices.length)
    return { parameters: indices, strength }
  const message = `the strength of this sub-model must be a whole number from 1 to ${indices.length}`
  const help = strength > indices.length ? `it has ${indices.length} parameters` : undefined
  return report.problem(message, trimmed(line), help)
}
