import { syntaxFault } from '../lib/syntax-fault.ts'
import type { Grammar } from '../lib/syntax.ts'
import type { ScriptKind } from './extract-contents.ts'
import { dedent } from './extract-text.ts'
import { pythonRules } from './mend-python.ts'
import { scriptRules } from './mend-script.ts'

/** A script after the rules, with the name of each rule that changed it. */
export interface Mended {
  readonly code: string
  readonly applied: readonly string[]
}

/** A rule: the changed code and what was done, or nothing where the rule finds nothing to do. */
export type MendRule = (code: string, kind: ScriptKind) => { readonly code: string; readonly note: string } | undefined

const layoutRules: readonly MendRule[] = [
  (code) => changed(code, dedent(code), 'removed the common indentation'),
  (code) =>
    changed(
      code,
      code.replaceAll(/^[ \t]+/gm, (space) => space.replaceAll('\t', '    ')),
      'made tabs four spaces',
    ),
]

const changed = (code: string, next: string, note: string): ReturnType<MendRule> =>
  next === code ? undefined : { code: next, note }

/**
 * Repairs what can be repaired without judgement, rule by rule. Idempotent; code that needs nothing comes back as it was.
 * A rule whose result does not parse is not applied.
 */
export function mendScript(code: string, kind: ScriptKind): Mended {
  const applied: string[] = []
  let mended = code
  const rules = kind.language === 'python' ? pythonRules : scriptRules
  const broken = kind.language === 'python' && syntaxFault(code, 'python') !== undefined
  for (const rule of [...(broken ? layoutRules : []), ...rules]) {
    const made = rule(mended, kind)
    if (made === undefined || made.code === mended || !parses(made.code, kind)) continue
    mended = made.code
    applied.push(made.note)
  }
  return { code: mended, applied }
}

function parses(code: string, { language }: ScriptKind): boolean {
  const grammars: readonly Grammar[] = language === 'typescript' ? ['typescript', 'tsx'] : [language]
  return grammars.some((grammar) => syntaxFault(code, grammar) === undefined)
}
