import { compile } from 'json-p3'
import type { JSONPathQuery, JSONValue } from 'json-p3'
import { GreenloopError } from '../domain/errors.ts'
import type { Problem } from '../domain/errors.ts'
import type { HttpConfig } from '../domain/workflow.ts'

/** Finds something in an answer; `undefined` where there is nothing. A path that can find several gives a list. */
export type ReadPath = (value: unknown) => unknown

/** The compiled mappings of a workflow; what is not mapped is absent. */
export interface AnswerPaths {
  readonly text?: ReadPath | undefined
  readonly outputs?: ReadPath | undefined
  readonly delta?: ReadPath | undefined
  readonly error?: ReadPath | undefined
  readonly cost?: ReadPath | undefined
  readonly runId?: ReadPath | undefined
  readonly conversationId?: ReadPath | undefined
  readonly inputTokens?: ReadPath | undefined
  readonly outputTokens?: ReadPath | undefined
  readonly totalTokens?: ReadPath | undefined
}

/** Compiles the mappings once. Throws `plan_invalid` that lists every path that is none. */
export function compilePaths(config: HttpConfig, workflowId: string): AnswerPaths {
  const problems: Problem[] = []
  const compiled = (key: string, path: string | undefined): ReadPath | undefined => {
    if (path === undefined) return undefined
    try {
      return readerOf(compile(path))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      problems.push({ message: `\`http.${key}\` of workflow \`${workflowId}\` is no JSONPath: \`${path}\`: ${reason}` })
      return undefined
    }
  }
  const { usage } = config
  const paths: AnswerPaths = {
    text: compiled('text', config.text),
    outputs: compiled('outputs', config.outputs),
    delta: compiled('delta', config.delta),
    error: compiled('error', config.error),
    cost: compiled('cost', config.cost),
    runId: compiled('run_id', config.runId),
    conversationId: compiled('conversation_id', config.conversationId),
    inputTokens: compiled('usage.input', usage?.input),
    outputTokens: compiled('usage.output', usage?.output),
    totalTokens: compiled('usage.total', usage?.total),
  }
  if (problems.length > 0) {
    const message = problems.length === 1 ? problems[0]?.message : undefined
    throw new GreenloopError('plan_invalid', message ?? `workflow \`${workflowId}\`: ${problems.length} problems`, {
      problems,
      help: 'a path begins with `$`: `$.data.outputs.answer`',
    })
  }
  return paths
}

function readerOf(query: JSONPathQuery): ReadPath {
  if (query.singularQuery()) return (value) => query.match(value as JSONValue)?.value
  return (value) => {
    const found = query.query(value as JSONValue).values()
    return found.length === 0 ? undefined : found
  }
}
