import { compileFunction } from 'node:vm'
import type { CheckInput } from '../domain/check.ts'
import type { Cursor, PromptfooImport } from './promptfoo-source.ts'
import { fileReference } from './promptfoo-source.ts'

/** Assertions in JavaScript as functions of one module. */
export interface Scripts {
  /** The check that an assertion becomes; one that cannot be read is noted. */
  checkFor(at: Cursor): CheckInput | undefined
  /** The module by its name, where there is any such assertion. */
  files(): Readonly<Record<string, string>>
}

const moduleName = 'checks.mjs'

const head = `// Assertions in JavaScript, as they stood in the configuration of promptfoo.
const contextOf = ({ inputs, vars, variantId }) => ({ vars: { ...inputs, ...vars }, prompt: '', provider: variantId })

/** A number is a score; it passes from the threshold on, or above 0 where there is none. */
const verdict = (reply, threshold) => {
  if (typeof reply !== 'number') return reply
  const pass = threshold === undefined ? reply > 0 : reply >= threshold
  return { pass, score: Math.min(1, Math.max(0, reply)) }
}
`

/** Gathers the assertions in JavaScript of one import. */
export function gatherScripts(run: PromptfooImport): Scripts {
  const imports = new Map<string, string>()
  const functions: string[] = []
  const named = new Map<string, string>()
  const add = (body: string, place: Cursor['place']): CheckInput => {
    const known = named.get(body)
    const name = known ?? `check${functions.length + 1}`
    if (known === undefined) {
      named.set(body, name)
      const from = place === undefined ? '' : `/** ${place.file}:${place.line ?? 1} */\n`
      functions.push(`${from}export async function ${name}(output, trial) {\n${body}\n}\n`)
    }
    return { type: 'function', file: moduleName, export: name }
  }
  return {
    checkFor(at) {
      const given = at.at('value')
      const threshold = at.at('threshold').value
      const bound = typeof threshold === 'number' ? `, ${threshold}` : ''
      const file = typeof given.value === 'string' ? fileReference(given.value) : undefined
      if (file !== undefined) {
        const module = imports.get(file.path) ?? `module${imports.size + 1}`
        imports.set(file.path, module)
        const called =
          file.name === undefined ? `${module}.default` : `(${module}.${file.name} ?? ${module}.default.${file.name})`
        return add(`  return verdict(await ${called}(output, contextOf(trial))${bound})`, given.place)
      }
      const code = typeof given.value === 'string' ? bodyOf(given.value) : undefined
      if (code === undefined) {
        run.note(
          given,
          'the JavaScript of an assertion cannot be read and is left out',
          'put it into a file: `type: function`',
        )
        return undefined
      }
      if (/\{\{[^{}]*\}\}/u.test(code)) {
        const help = 'take the value from `context.vars` instead'
        run.note(given, 'placeholders in the JavaScript of an assertion are not filled', help)
      }
      return add(
        `  const context = contextOf(trial)\n  const reply = await (async () => {\n${code}\n  })()\n  return verdict(reply${bound})`,
        given.place,
      )
    },
    files() {
      if (functions.length === 0) return {}
      const lines = [...imports].map(
        ([path, name]) => `import * as ${name} from ${JSON.stringify(pathOf(path, run))}\n`,
      )
      return { [moduleName]: `${lines.join('')}${head}\n${functions.join('\n')}` }
    },
  }
}

function pathOf(path: string, run: PromptfooImport): string {
  const own = run.pathFor(path)
  return own.startsWith('.') || own.startsWith('/') ? own : `./${own}`
}

/** Several lines are the body of a function, one line is what it gives back. */
function bodyOf(code: string): string | undefined {
  const trimmed = code.trim().replace(/;+$/u, '')
  const isBody = trimmed.includes('\n') || /^return\b/u.test(trimmed)
  const body = isBody ? trimmed : `return (\n${trimmed}\n)`
  try {
    // Compiled and never run: one assertion that is no program must not break the module of all others.
    const compiled = compileFunction(`return (async () => {\n${body}\n})()`, ['output', 'context'])
    return typeof compiled === 'function' ? body : undefined
  } catch {
    return undefined
  }
}
