import { decimalOf, fieldsOf, listOf, numberOf, textOf } from './dify-fields.ts'
import type { Fields } from './dify-fields.ts'
import type { Found } from './dify-follow.ts'
import { ownOf } from './dify-lost.ts'
import type { Lost } from './dify-lost.ts'
import { askPatiently, whyNot } from './dify-patience.ts'
import type { SearchParts } from './dify-patience.ts'

/** Looks for the message of a call to a chat app, and waits while it is being written. */
export async function findMessage(lost: Lost, parts: SearchParts): Promise<Found> {
  const { clock, limits, signal } = parts
  const place = await findConversation(lost, parts)
  if (place.kind !== 'conversation') return place
  for (let waitedMs = 0; ; waitedMs += limits.pollMs) {
    const query = { user: lost.call.user, conversation_id: place.id, limit: '100' }
    const asked = await askPatiently({ method: 'GET', path: 'messages', query }, parts)
    if (asked.kind !== 'answer') return { kind: 'unknown', why: whyNot(asked) }
    const message = ownMessage(listOf(asked.fields['data']), lost)
    if (message === undefined) return missing(lost)
    if (isWritten(message)) {
      collect(message, lost, parts)
      return { kind: 'found' }
    }
    if (waitedMs >= limits.messageMs) return { kind: 'unknown', why: 'the message has no answer' }
    await clock.sleep(limits.pollMs, signal)
  }
}

type Place = { readonly kind: 'conversation'; readonly id: string } | Found

async function findConversation(lost: Lost, parts: SearchParts): Promise<Place> {
  const id = lost.call.conversationId ?? lost.collector.read().ids.conversationId
  if (id !== undefined) return { kind: 'conversation', id }
  const query = { user: lost.call.user, limit: '20', sort_by: '-created_at' }
  const asked = await askPatiently({ method: 'GET', path: 'conversations', query }, parts)
  if (asked.kind !== 'answer') return { kind: 'unknown', why: whyNot(asked) }
  if (!Array.isArray(asked.fields['data'])) return { kind: 'unknown', why: 'the conversations of the app are no list' }
  // A user is new with every attempt at a trial, and leads one conversation.
  const newest = listOf(asked.fields['data']).flatMap((entry) => textOf(entry['id']) ?? [])[0]
  return newest === undefined ? missing(lost) : { kind: 'conversation', id: newest }
}

/** A message that was seen is not absent, wherever it may be now. */
function missing({ collector }: Lost): Found {
  return collector.read().ids.messageId === undefined
    ? { kind: 'absent' }
    : { kind: 'unknown', why: 'its message is not in the conversation' }
}

/** A conversation begins with its oldest message. */
function ownMessage(messages: readonly Fields[], lost: Lost): Fields | undefined {
  const { messageId } = lost.collector.read().ids
  if (messageId !== undefined) return messages.find((message) => message['id'] === messageId)
  const listed = messages.flatMap((entry) => {
    const id = textOf(entry['id'])
    return id === undefined ? [] : [{ id, entry }]
  })
  const own = ownOf(listed, lost)?.entry
  return own?.['query'] === (lost.call.query ?? '') ? own : undefined
}

/** A message is there from the start, and gets its answer, its tokens or its error when it is over. */
function isWritten(message: Fields): boolean {
  return textOf(message['answer']) !== undefined || hasFailed(message) || (numberOf(message['answer_tokens']) ?? 0) > 0
}

function hasFailed(message: Fields): boolean {
  return message['status'] === 'error' || textOf(message['error']) !== undefined
}

function collect(message: Fields, { collector, sentAt, call }: Lost, { clock }: SearchParts): void {
  const ids = { id: message['id'], conversation_id: message['conversation_id'] ?? call.conversationId }
  const push = (fields: Fields): void =>
    collector.push({ fields: { ...ids, ...fields }, chars: 0, atMs: clock.monotonic() - sentAt })
  push({ event: 'message_replace', answer: message['answer'] })
  if (hasFailed(message)) {
    const text = textOf(message['error']) ?? 'the app failed and does not say why'
    push({ event: 'error', status: 400, code: 'completion_request_error', message: text })
  }
  push({ event: 'message_end', metadata: { usage: usageOf(message) } })
}

function usageOf(message: Fields): Fields {
  const usage = fieldsOf(fieldsOf(message['metadata'])['usage'])
  const input = numberOf(message['message_tokens'])
  const output = numberOf(message['answer_tokens'])
  const tokens =
    input === undefined || output === undefined
      ? {}
      : { prompt_tokens: input, completion_tokens: output, total_tokens: input + output }
  const price = decimalOf(message['total_price'])
  return {
    ...tokens,
    ...(price === undefined ? {} : { total_price: price, currency: message['currency'] }),
    latency: message['provider_response_latency'],
    ...usage,
  }
}
