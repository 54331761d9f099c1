import type { TargetReply } from '../domain/target.ts'
import type { TrialUsage } from '../domain/test-result.ts'
import { reportedError } from './openai-target-errors.ts'
import type { ReportedError } from './openai-target-errors.ts'
import { garbledAnswer } from './target-errors.ts'
import type { CallSite } from './target-errors.ts'

/** A chat completion, put together from its pieces. */
export interface Completion {
  readonly id: string | undefined
  readonly model: string | undefined
  readonly text: string
  /** Thoughts of a reasoning model; no part of the answer. */
  readonly reasoning: string
  readonly finish: string | undefined
  readonly usage: TrialUsage | undefined
}

/** Takes in the pieces of a chat completion; a whole one is a single piece. */
export interface CompletionReader {
  /** Gives back what the piece brought. Throws `target_garbled` for what is no piece of a completion. */
  take(piece: unknown): { readonly adds: boolean; readonly error?: ReportedError | undefined }
  completion(): Completion
}

/** Makes a {@link CompletionReader}. */
export function readCompletion(site: CallSite): CompletionReader {
  let id: string | undefined
  let model: string | undefined
  let text = ''
  let reasoning = ''
  let finish: string | undefined
  let usage: TrialUsage | undefined
  return {
    take: (piece) => {
      const { id: pieceId, model: pieceModel, choices, usage: counted, error } = fieldsOf(piece)
      if (error !== undefined && error !== null)
        return { adds: false, error: reportedError(piece, site) ?? unknownError }
      if (!Array.isArray(choices) && typeof counted !== 'object') {
        const reported = reportedError(piece, site)
        if (reported === undefined) throw garbledAnswer('with a chat completion', JSON.stringify(piece), site)
        return { adds: false, error: reported }
      }
      id ??= textOf(pieceId)
      model ??= textOf(pieceModel)
      usage = usageOf(counted) ?? usage
      const choice = firstChoice(choices)
      const said = fieldsOf(choice['delta'] ?? choice['message'])
      const added = contentOf(said['content']) || (textOf(choice['text']) ?? '')
      const thought = textOf(said['reasoning_content']) ?? textOf(said['reasoning']) ?? ''
      text += added
      reasoning += thought
      finish = textOf(choice['finish_reason']) ?? finish
      return { adds: added !== '' || thought !== '' }
    },
    completion: () => ({ id, model, text, reasoning, finish, usage }),
  }
}

const unknownError: ReportedError = { message: 'an error without a message' }

/** The last piece of a stream has token counts and no choice; with several answers, only the first counts. */
function firstChoice(choices: unknown): Readonly<Record<string, unknown>> {
  const list: unknown[] = Array.isArray(choices) ? choices : []
  return fieldsOf(list.find((each) => (fieldsOf(each)['index'] ?? 0) === 0))
}

function contentOf(content: unknown): string {
  if (Array.isArray(content)) return content.map((part) => textOf(fieldsOf(part)['text']) ?? '').join('')
  return textOf(content) ?? ''
}

function usageOf(counted: unknown): TrialUsage | undefined {
  const { prompt_tokens: input, completion_tokens: output, total_tokens: total } = fieldsOf(counted)
  const inputTokens = typeof input === 'number' ? input : undefined
  const outputTokens = typeof output === 'number' ? output : undefined
  if (inputTokens === undefined && outputTokens === undefined && typeof total !== 'number') return undefined
  const sum = (inputTokens ?? 0) + (outputTokens ?? 0)
  return { inputTokens, outputTokens, totalTokens: typeof total === 'number' ? total : sum }
}

/** How a completion ended, in the words of trials. */
export function endOf({ finish }: Completion): Pick<TargetReply, 'status' | 'error'> {
  switch (finish) {
    case 'length':
    case 'max_tokens':
      return { status: 'partial', error: { message: 'the answer was cut off at the limit of tokens', code: finish } }
    case 'content_filter':
    case 'sensitive':
      return { status: 'app_failed', error: { message: 'a content filter ended the answer', code: finish } }
    case undefined:
    default:
      return { status: 'succeeded' }
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value !== 'null' ? value : undefined
}
