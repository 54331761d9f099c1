import { createContext, Script } from 'node:vm'
import { GreenloopError } from '../domain/errors.ts'
import { shown } from './check-finding.ts'

/** A regular expression that cannot hang. */
export interface BoundedRegex {
  /** Throws `judge_failed` when the search takes longer than half a second. */
  test(text: string): boolean
}

const limitMs = 500
/** A pattern with one quantifier and no back reference is at worst quadratic: over in time on texts of this length. */
const plainLength = 2000
const quantifier = /[*+?{]/gu
const risky = /\)[*+?{]|\\[1-9k]/u
const script = new Script('pattern.test(text)')

/**
 * A pattern of a user, made ready. A search that may take long runs in a context that V8 ends after half a second; throws
 * `judge_failed` for what is no pattern.
 */
export function boundedRegex(pattern: string, flags: string): BoundedRegex {
  const regex = compiled(pattern, flags)
  const plain = (pattern.match(quantifier)?.length ?? 0) <= 1 && !risky.test(pattern)
  return { test: (text) => (plain && text.length <= plainLength ? regex.test(text) : guarded(regex, text)) }
}

function compiled(pattern: string, flags: string): RegExp {
  try {
    return new RegExp(pattern, flags)
  } catch (error) {
    const said = error instanceof Error ? error.message.replace(/^Invalid regular expression: /u, '') : ''
    throw new GreenloopError('judge_failed', `the pattern cannot be read: ${said}`, { cause: error })
  }
}

let arena: Record<string, unknown> | undefined

function guarded(pattern: RegExp, text: string): boolean {
  arena ??= createContext({}) as Record<string, unknown>
  Object.assign(arena, { pattern, text })
  try {
    return script.runInContext(arena, { timeout: limitMs }) === true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
    throw new GreenloopError(
      'judge_failed',
      `the pattern ${shown(pattern.source)} was not done with the text after ${limitMs / 1000} s; write it without repetitions inside repetitions`,
    )
  } finally {
    Object.assign(arena, { pattern: undefined, text: undefined })
  }
}
