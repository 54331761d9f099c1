import type { ServerResponse } from 'node:http'
import { estimateTokens } from '../lib/tokens.ts'
import type { ScriptedReply } from './dev-model-script.ts'

/** What was asked, as far as the answer repeats it. */
interface AskedModel {
  readonly model: string
  readonly prompt: string
}

const pieceLength = 24

/** Body of an error, as OpenAI-compatible servers write it. */
export function errorBody(message: string): unknown {
  return { error: { message: message === '' ? 'scripted error' : message, type: 'scripted', code: null } }
}

/** Streams a reply in pieces as server-sent events; where it is to be cut, the connection breaks without an end. */
export function streamAnswer(response: ServerResponse, reply: ScriptedReply, { model, prompt }: AskedModel): void {
  const text = reply.text.slice(0, reply.cut)
  const event = (choices: readonly unknown[], more = {}): string =>
    `data: ${JSON.stringify({ id: 'dev', object: 'chat.completion.chunk', model, choices, ...more })}\n\n`
  const piece = (delta: unknown, finish: string | null = null): string =>
    event([{ index: 0, delta, finish_reason: finish }])
  response.writeHead(reply.status, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.write(piece({ role: 'assistant', content: '' }))
  for (let at = 0; at < text.length; at += pieceLength)
    response.write(piece({ content: text.slice(at, at + pieceLength) }))
  if (reply.cut !== undefined) {
    breakOff(response)
    return
  }
  response.write(piece({}, reply.finish))
  response.write(event([], { usage: usageOf(prompt, text) }))
  response.end('data: [DONE]\n\n')
}

/** Answers with one JSON document; where it is to be cut, with the beginning of it. */
export function answerWhole(response: ServerResponse, reply: ScriptedReply, { model, prompt }: AskedModel): void {
  const message = { role: 'assistant', content: reply.text }
  const choices = [{ index: 0, message, finish_reason: reply.finish }]
  const body = JSON.stringify({
    id: 'dev',
    object: 'chat.completion',
    model,
    choices,
    usage: usageOf(prompt, reply.text),
  })
  response.writeHead(reply.status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  if (reply.cut === undefined) response.end(body)
  else {
    response.write(body.slice(0, reply.cut))
    breakOff(response)
  }
}

/** Closes the connection when what was written has gone out. */
function breakOff(response: ServerResponse): void {
  response.flushHeaders()
  response.write('', () => response.socket?.end(() => response.destroy()))
}

function usageOf(prompt: string, text: string) {
  const [input, output] = [estimateTokens(prompt), estimateTokens(text)]
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output }
}
