import { syntaxFault } from '../lib/syntax-fault.ts'
import { field, nodesOfType, parts, withTree } from '../lib/syntax.ts'
import type { Grammar, SyntaxNode } from '../lib/syntax.ts'
import type { ScriptKind } from './extract-contents.ts'
import { nodeTestNames, unboundNames, vitestNames } from './known-names.ts'
import type { MendRule } from './mend.ts'
import { applyEdits, removal } from './mend-edits.ts'

const grammarOf = (code: string, { language }: ScriptKind): Grammar =>
  language === 'javascript' ? 'javascript' : syntaxFault(code, 'typescript') === undefined ? 'typescript' : 'tsx'

const jestModules = /^['"](?:@jest\/globals|jest)['"]$/

/** Jest's names become vitest's: `jest.fn` is `vi.fn`, and its imports come from vitest. */
const vitestForJest: MendRule = (code, kind) => {
  if (kind.framework !== 'vitest' || !/\bjest\b/.test(code)) return undefined
  return withTree(code, grammarOf(code, kind), (root) => {
    const edits = nodesOfType(root, ['identifier', 'member_expression'])
      .filter((node) => node.type === 'identifier' && node.text === 'jest' && node.parent?.type !== 'import_specifier')
      .map((node) => ({ start: node.startIndex, end: node.endIndex, text: 'vi' }))
    const imports = parts(root).filter(
      (one) => one.type === 'import_statement' && jestModules.test(field(one, 'source')?.text ?? ''),
    )
    const removals = imports.map((statement) => removal(code, statement))
    const kept = edits.filter((edit) => !removals.some(({ start, end }) => edit.start >= start && edit.end <= end))
    if (kept.length + removals.length === 0) return undefined
    return { code: applyEdits(code, [...kept, ...removals]).trimStart(), note: 'wrote vitest for jest' }
  })
}

/** What is imported from where, by framework. `assert` of Node is the default export of its module. */
function importLines(names: readonly string[], kind: ScriptKind): string[] {
  if (kind.framework === 'vitest') return [`import { ${names.toSorted().join(', ')} } from 'vitest'`]
  const own = names.filter((name) => name !== 'assert').toSorted()
  return [
    ...(own.length === 0 ? [] : [`import { ${own.join(', ')} } from 'node:test'`]),
    ...(names.includes('assert') ? [`import assert from 'node:assert/strict'`] : []),
  ]
}

/** Adds the imports of the framework's own names. */
const missingImports: MendRule = (code, kind) => {
  if (kind.framework !== 'vitest' && kind.framework !== 'node') return undefined
  const known = kind.framework === 'vitest' ? vitestNames : [...nodeTestNames, 'assert']
  return withTree(code, grammarOf(code, kind), (root) => {
    // A CommonJS file takes the names by require; an import would make it another kind of module.
    if (/\brequire\(['"](?:node:test|vitest)['"]\)/.test(code)) return undefined
    const names = unboundNames(root, known)
    if (names.length === 0) return undefined
    const lines = importLines(names, kind)
    const at = importPlace(root)
    const next = `${code.slice(0, at)}${at > 0 && code[at - 1] !== '\n' ? '\n' : ''}${lines.join('\n')}\n${code.slice(at)}`
    return { code: next, note: `imported ${names.join(', ')}` }
  })
}

/** Index after the hash-bang and the directives. */
function importPlace(root: SyntaxNode): number {
  const first = parts(root).find((one) => one.type !== 'hash_bang_line' && !/^['"]use \w+['"];?$/.test(one.text))
  return first?.startIndex ?? 0
}

/** Rules for JavaScript and TypeScript, in the order in which they are applied. */
export const scriptRules: readonly MendRule[] = [vitestForJest, missingImports]
