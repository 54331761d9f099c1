import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A judge behind an OpenAI-compatible server: what it says depends on what it is asked. */
export interface PairJudge {
  /** Base URL, ending in /v1. */
  readonly url: string
  /** Texts of the user, as they arrived. */
  readonly asked: readonly string[]
  [Symbol.asyncDispose](): Promise<void>
}

/** An answer, or a status of HTTP. */
type Said = string | number

/** Starts a judge. `say` gets the text of the user and the number of the call, from 1. */
export async function startPairJudge(say: (asked: string, call: number) => Said | Promise<Said>): Promise<PairJudge> {
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const { messages } = JSON.parse(Buffer.concat(chunks).toString()) as { messages: { content: string }[] }
    asked.push(messages.at(-1)?.content ?? '')
    const said = await say(asked.at(-1) ?? '', asked.length)
    response.setHeader('content-type', 'application/json')
    if (typeof said === 'number') return void response.writeHead(said).end('{"error":{"message":"not now"}}')
    const message = { role: 'assistant', content: said }
    const usage = { prompt_tokens: 11, completion_tokens: 7 }
    response.end(JSON.stringify({ model: 'critic-1', choices: [{ message, finish_reason: 'stop' }], usage }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
