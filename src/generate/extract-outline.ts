import { readSyntax } from '../lib/syntax-fault.ts'
import type { SyntaxFault } from '../lib/syntax.ts'
import type { Contents, ScriptKind } from './extract-contents.ts'
import { readPython } from './extract-python.ts'
import { readScript } from './extract-script.ts'

/** What is known of a piece of code: its contents, or why it does not parse. */
export type Outline = { readonly fault: SyntaxFault } | (Contents & { readonly fault?: undefined })

/** Parses a piece of code and lists what it holds. TypeScript is read as TSX where it only parses so. */
export function outline(code: string, { language }: ScriptKind): Outline {
  if (language === 'python') return flat(readSyntax(code, 'python', readPython))
  const read = flat(readSyntax(code, language, readScript))
  if (read.fault === undefined || language === 'javascript' || !/<\/|\/>/.test(code)) return read
  const withMarkup = flat(readSyntax(code, 'tsx', readScript))
  return withMarkup.fault === undefined ? withMarkup : read
}

const flat = (reading: ReturnType<typeof readSyntax<Contents>>): Outline =>
  reading.fault === undefined ? reading.value : { fault: reading.fault }
