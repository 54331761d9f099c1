import type { Cursor, PromptfooImport } from './promptfoo-source.ts'

const way =
  /^(?:return\s+)?(?:\(\s*json(?:\s*,\s*\w+)*\s*\)\s*=>\s*)?json((?:\??\.[A-Za-z_$][\w$]*|(?:\?\.)?\[\s*(?:-?\d+|"[^"\\]*"|'[^'\\]*')\s*\])*)\s*;?$/u
const step = /\??\.([A-Za-z_$][\w$]*)|(?:\?\.)?\[\s*(?:(-?\d+)|"([^"\\]*)"|'([^'\\]*)')\s*\]/gu

/** The JSONPath of an expression that only walks into the answer (`json.choices[0].message.content`); others are noted. */
export function readTransform(at: Cursor, run: PromptfooImport): string | undefined {
  if (at.value === undefined || at.value === null) return undefined
  const steps = typeof at.value === 'string' ? way.exec(at.value.trim())?.[1] : undefined
  if (steps === undefined) {
    run.note(
      at,
      `the expression that reads the answer is not taken over`,
      'write `text:` with a JSONPath: `$.data.answer`',
    )
    return undefined
  }
  return `$${[...steps.matchAll(step)].map(([, name, index, double, single]) => pathStep(name ?? double ?? single, index)).join('')}`
}

function pathStep(name: string | undefined, index: string | undefined): string {
  if (name === undefined) return `[${index ?? '0'}]`
  return /^[A-Za-z_]\w*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}
