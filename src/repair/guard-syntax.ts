import { parseAllDocuments } from 'yaml'
import type { GuardFinding } from '../domain/repair.ts'
import { scanJson } from '../lib/json-guard.ts'
import { syntaxFault } from '../lib/syntax-fault.ts'
import { maxParsedLength } from '../lib/syntax.ts'
import type { Grammar } from '../lib/syntax.ts'
import { blocking, warning } from './guard-input.ts'
import type { GuardInput } from './guard-input.ts'
import { endingOf } from './guard-language.ts'

const grammars: Readonly<Record<string, Grammar>> = {
  py: 'python',
  pyi: 'python',
  pyw: 'python',
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  jsx: 'javascript',
  ts: 'typescript',
  mts: 'typescript',
  cts: 'typescript',
  tsx: 'tsx',
}
const maxYamlLength = 200_000
const maxDepth = 200

/** The grammar of a file, by the ending of its name. */
export const grammarOf = (path: string): Grammar | undefined => grammars[endingOf(path)]

/** Findings about files that do not parse. Where a file did not parse before either, it is only told. */
export function syntaxFindings({ files }: GuardInput): GuardFinding[] {
  return files.flatMap(({ path, before, after }) => {
    if (before === after) return []
    const fault = faultOf(path, after)
    if (fault === undefined) return []
    const old = before === undefined ? undefined : faultOf(path, before)
    return [
      old === undefined
        ? blocking('syntax', path, `does not parse with the change: ${fault}.`)
        : warning('syntax', path, `does not parse, as before: ${fault}.`),
    ]
  })
}

/** Why a text does not parse, or nothing where it does or nobody can tell. */
function faultOf(path: string, text: string): string | undefined {
  if (text.length > maxParsedLength) return undefined
  const grammar = grammarOf(path)
  const body = text.replace(/^\ufeff/, '')
  if (grammar !== undefined) {
    const fault = syntaxFault(body, grammar)
    return fault === undefined ? undefined : `line ${fault.line}, column ${fault.column}: ${fault.message}`
  }
  const ending = endingOf(path)
  if (ending === 'json') return jsonFault(body)
  return ending === 'yml' || ending === 'yaml' ? yamlFault(body) : undefined
}

function jsonFault(text: string): string | undefined {
  if (scanJson(text, maxDepth).tooDeepAt !== undefined) return 'brackets nest too deep'
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

function yamlFault(text: string): string | undefined {
  if (text.length > maxYamlLength) return undefined
  if (nestsDeep(text)) return 'brackets nest too deep'
  try {
    const [error] = parseAllDocuments(text, { logLevel: 'silent', uniqueKeys: false }).flatMap(({ errors }) => errors)
    return error === undefined ? undefined : (error.message.split('\n')[0] ?? '').slice(0, 300)
  } catch (error) {
    return messageOf(error)
  }
}

function nestsDeep(text: string): boolean {
  let depth = 0
  for (const sign of text) {
    if (sign === '[' || sign === '{') depth++
    else if (sign === ']' || sign === '}') depth--
    if (depth > maxDepth) return true
  }
  return false
}

const messageOf = (error: unknown): string =>
  (error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)).slice(0, 300)
