import type { Prompt } from '../domain/ports.ts'
import { excerpt } from './excerpt.ts'

/**
 * Says in one line how a prompt differs from the nearest of the recorded ones: the one that shares most lines with it.
 * `recorded` holds at least one prompt.
 */
export function firstDifference(prompt: Prompt, recorded: readonly Prompt[]): string {
  const lines = new Set(linesOf(prompt))
  let nearest = recorded[0]
  let most = -1
  for (const candidate of recorded) {
    const shared = linesOf(candidate).filter((line) => lines.has(line)).length
    if (shared <= most) continue
    nearest = candidate
    most = shared
  }
  const [now, then] = [linesOf(prompt), nearest === undefined ? [] : linesOf(nearest)]
  const at = now.findIndex((line, index) => line !== then[index])
  const index = at === -1 ? now.length : at
  return `the prompt has changed: line ${index + 1} of the nearest recording is ${quoted(then[index])}, now ${quoted(now[index])}`
}

/** The mark around the data is made from the data: it differs wherever anything does, and tells nothing. */
function linesOf({ system, user }: Prompt): string[] {
  return `${system}\n${user}`.replaceAll(/=== data-[0-9a-f]{16} ===/gu, '=== data ===').split('\n')
}

function quoted(line: string | undefined): string {
  return line === undefined ? 'missing' : `\`${excerpt(line)}\``
}
