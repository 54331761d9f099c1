import { createInterface } from 'node:readline/promises'
import type { AskMissing } from '../app/repair-world.ts'
import { visible } from '../lib/frame.ts'
import type { MissingChoice, MissingProject } from '../app/repair-world.ts'
import type { Session } from './session.ts'

/** Asks the person at the terminal what a missing project means; `undefined` where nobody sits there. */
export function askMissing({ output }: Session): AskMissing | undefined {
  if (!process.stdin.isTTY || !process.stderr.isTTY || output.asked) return undefined
  return async (missing, signal) => {
    const terminal = createInterface({ input: process.stdin, output: process.stderr })
    try {
      output.note(questionOf(missing))
      for (;;) {
        const choice = choiceOf(await terminal.question('> ', { signal }), missing)
        if (choice !== undefined) return choice
        output.note('A number of the list, `c`, `s TEXT`, `q`, or the path of a project.\n')
      }
    } finally {
      terminal.close()
    }
  }
}

function questionOf({ path, similar }: MissingProject): string {
  const found = similar.map((project, index) => `  ${index + 1}  ${visible(project.path)}\n`).join('')
  return `There is no project \`${visible(path)}\`, or the token may not see it.\n${found}  c  create it\n  s TEXT  search for another\n  q  stop\n`
}

/** What an answer means; `undefined` where it means nothing. */
export function choiceOf(answer: string, { similar }: MissingProject): MissingChoice | undefined {
  const text = answer.trim()
  if (text === 'c' || text === 'create') return { kind: 'create' }
  if (text === 'q' || text === 'quit' || text === 'stop') return { kind: 'stop' }
  const searched = /^s(?:earch)?\s+(\S.*)$/u.exec(text)?.[1]
  if (searched !== undefined) return { kind: 'search', text: searched }
  const chosen = /^\d{1,3}$/u.test(text) ? similar[Number(text) - 1] : undefined
  if (chosen !== undefined) return { kind: 'use', path: chosen.path }
  return text.includes('/') ? { kind: 'use', path: text } : undefined
}
