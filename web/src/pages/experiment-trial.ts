import type { ApiTaskDetail } from '../../../src/client/types.ts'

/** What is shown of a trial. */
export interface Trial {
  readonly question: string | undefined
  /** JSON. */
  readonly inputs: string | undefined
  readonly text: string
  readonly error: string | undefined
  readonly latencyMs: number | undefined
  readonly tokens: number | undefined
  readonly cost: string | undefined
  readonly checks: readonly {
    readonly name: string
    readonly outcome: 'passed' | 'failed' | 'warn'
    readonly reason: string
  }[]
}

type Part = Readonly<Record<string, unknown>>

/** Reads a trial from its task; `undefined` where it has given nothing yet. */
export function trialOf(task: ApiTaskDetail): Trial | undefined {
  const last = task.attemptList.at(-1)
  if (last === undefined) return undefined
  const output = partOf(last.output)
  const spec = partOf(partOf(task.payload)['case'])
  const { scores } = output
  const cost = partOf(output['cost'])
  return {
    question: textOf(spec['query']),
    inputs: jsonOf(spec['inputs']),
    text: answerOf(output),
    error: textOf(partOf(output['error'])['message']) ?? last.failure?.message,
    latencyMs: numberOf(partOf(output['timing'])['totalMs']),
    tokens: numberOf(partOf(output['usage'])['totalTokens']),
    cost: textOf(cost['amount']) && `${textOf(cost['amount'])} ${textOf(cost['currency']) ?? ''}`,
    checks: Array.isArray(scores) ? scores.map((score) => checkOf(partOf(score))) : [],
  }
}

function answerOf(output: Part): string {
  const turns = output['turns']
  if (Array.isArray(turns) && turns.length > 1) {
    return turns
      .map(partOf)
      .map((turn) => `> ${textOf(turn['query']) ?? ''}\n${textOf(turn['text']) ?? ''}`)
      .join('\n\n')
  }
  const text = textOf(output['text'])
  return text === undefined || text === '' ? (jsonOf(output['outputs']) ?? '') : text
}

function checkOf(score: Part): Trial['checks'][number] {
  const error = textOf(score['error'])
  const outcome = error !== undefined ? 'warn' : score['passed'] === true ? 'passed' : 'failed'
  return { name: textOf(score['name']) ?? '', outcome, reason: error ?? textOf(score['reason']) ?? '' }
}

function partOf(value: unknown): Part {
  return typeof value === 'object' && value !== null ? (value as Part) : {}
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** Nothing where there is nothing in it. */
function jsonOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return undefined
  return JSON.stringify(value, null, 2)
}
