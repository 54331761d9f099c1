import { resolve } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import { snakeKeys } from '../lib/snake-keys.ts'
import type { CheckContext } from './check-context.ts'
import type { Finding } from './check-finding.ts'
import type { CheckOf } from './check-parts.ts'
import type { PythonPlace } from './check-python-process.ts'
import { createPythonSession } from './check-python-session.ts'
import { findingOfReply } from './check-reply.ts'

/** One call of a Python check. */
interface PythonCall {
  readonly answer: unknown
  readonly context: CheckContext
  readonly signal: AbortSignal
}

/** Makes Python checks, one after another, in an interpreter that is started with the first. */
export interface PythonRunner {
  run(check: CheckOf<'python'>, call: PythonCall): Promise<Finding>
  /** Ends the interpreter; what still waits is refused. */
  close(): Promise<void>
}

interface Said {
  readonly reply?: unknown
  readonly error?: string
}

/**
 * Makes a {@link PythonRunner}. Files are relative to the folder of `place`. The context has its keys in snake_case. A
 * check that takes longer than its limit, or whose trial is given up, takes the interpreter down with it; the next one
 * gets a new one.
 */
export function createPythonRunner(place: PythonPlace): PythonRunner {
  const session = createPythonSession(place)
  let turn: Promise<unknown> = Promise.resolve()
  return {
    run: async (check, { answer, context, signal }) => {
      const { timeoutSeconds } = check
      const request = { ...source(check, place.folder), output: answer ?? null, context: snakeKeys(context) }
      const line = JSON.stringify(request)
      const mine = turn.then(() => session.exchange(line, { timeoutSeconds, signal }))
      turn = mine.catch(() => {})
      const said = JSON.parse(await mine) as Said
      const who = check.file === undefined ? 'the Python check' : `\`${check.function}\` of ${check.file}`
      if (said.error !== undefined) throw new GreenloopError('judge_failed', `${who} broke down: ${said.error}`)
      return findingOfReply(said.reply, who)
    },
    close: () => session.close(),
  }
}

function source({ file, code, function: name }: CheckOf<'python'>, folder: string): object {
  return file === undefined ? { code } : { file: resolve(folder, file), function: name }
}
