import { pythonFault } from './syntax-python.ts'
import { scriptFault } from './syntax-script.ts'
import { maxParsedLength, withTree } from './syntax.ts'
import type { Grammar, SyntaxFault, SyntaxNode } from './syntax.ts'

/** What {@link readSyntax} hands to its caller: the fault, if there is one, and what `read` made of a faultless tree. */
export type Reading<T> =
  | { readonly fault: SyntaxFault; readonly value?: undefined }
  | { readonly fault?: undefined; readonly value: T }

/** Parses `code`, checks what the grammar is too lenient about, and reads the tree when there is no fault. */
export function readSyntax<T>(code: string, grammar: Grammar, read: (root: SyntaxNode) => T): Reading<T> {
  const reading = withTree(code, grammar, (root): Reading<T> => {
    const fault = grammar === 'python' ? pythonFault(root, code) : scriptFault(root)
    return fault === undefined ? { value: read(root) } : { fault }
  })
  const reason = code.length > maxParsedLength ? 'too long to parse' : 'too costly to parse'
  return reading ?? { fault: { line: 1, column: 1, message: reason } }
}

/** The first fault of a text, or `undefined` when it parses. */
export function syntaxFault(code: string, grammar: Grammar): SyntaxFault | undefined {
  return readSyntax(code, grammar, () => true).fault
}
