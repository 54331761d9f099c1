import type { ScriptFinding } from '../domain/generation.ts'
import { readSyntax } from '../lib/syntax-fault.ts'
import { mentions } from './candidates.ts'
import type { Wanted } from './candidates.ts'
import { outline } from './extract-outline.ts'
import { checkPython } from './static-check-python.ts'
import { checkJavaScript } from './static-check-script.ts'

/** What a script is checked against; without symbols nobody asks whether the target is used. */
export type CheckOptions = Omit<Wanted, 'symbols'> & { readonly symbols?: readonly string[] | undefined }

/**
 * What can be said of a test script without running it, by line. `error`: it cannot run, holds no test, or ends the
 * runner; `warning`: it proves less than it seems to.
 */
export function checkScript(code: string, { language, framework, symbols = [] }: CheckOptions): ScriptFinding[] {
  const read = outline(code, { language })
  if (read.fault !== undefined) {
    const { line, message } = read.fault
    return [{ severity: 'error', kind: 'syntax', message: `does not parse: ${message}`, line }]
  }
  const grammar =
    language === 'typescript' && readSyntax(code, 'typescript', () => true).fault !== undefined ? 'tsx' : language
  const found = readSyntax(code, grammar, (root) =>
    language === 'python' ? checkPython(root) : checkJavaScript(root, framework),
  ).value
  const findings = [...(found ?? [])]
  if (read.tests.length === 0) {
    const message = 'no test that the runner would collect'
    findings.push({ severity: 'error', kind: 'no_tests', message, line: 1 })
  }
  if (symbols.length > 0 && !symbols.some((symbol) => mentions(code, symbol))) {
    const message = `nothing under test is mentioned: ${symbols.slice(0, 5).join(', ')}`
    findings.push({ severity: 'warning', kind: 'target_unused', message, line: 1 })
  }
  const copied = symbols.filter((symbol) => read.defined.includes(symbol) && !read.imported.includes(symbol))
  if (copied.length > 0) {
    const message = `defines what it should test: ${copied.join(', ')}`
    // A script that tests its own copy is green whatever the system does.
    const severity = symbols.some((symbol) => imports(code, symbol)) ? 'warning' : 'error'
    findings.push({ severity, kind: 'target_redefined', message, line: 1 })
  }
  return findings.toSorted((left, right) => left.line - right.line)
}

/** Whether a line that imports (or requires) names the symbol. */
function imports(code: string, symbol: string): boolean {
  return code.split('\n').some((line) => /\b(?:import|from|require)\b/.test(line) && mentions(line, symbol))
}
