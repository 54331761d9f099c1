import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import { GreenloopError } from '../domain/errors.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { answerWhole, errorBody, streamAnswer } from './dev-model-answer.ts'
import { createTurns, readModelScript } from './dev-model-script.ts'
import type { ScriptedReply } from './dev-model-script.ts'

/** How a scripted model server is started. */
export interface DevModelConfig {
  /** JSON file with the replies. */
  readonly script: string
  /** Port on 127.0.0.1; a free one unless set. */
  readonly port?: number | undefined
  readonly clock: Clock
}

/** A scripted model server that runs. */
export interface DevModel {
  /** Base address, ending in `/v1`. */
  readonly url: string
  /** Bodies of the requests for completions, oldest first; the last 1,000. */
  readonly requests: readonly unknown[]
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const maxRequests = 1000
const maxBodyBytes = 32 * 1024 * 1024
const modelName = 'greenloop-dev'

const contentSchema = z.union([z.string(), z.array(z.object({ text: z.string().default('') }))])
const bodySchema = z.object({
  model: z.string().default(modelName),
  stream: z.boolean().default(false),
  messages: z.array(z.object({ content: contentSchema })).min(1),
})

/** Starts an OpenAI-compatible server on 127.0.0.1 that answers from a script. Throws `config_invalid` where that or the port is bad. */
export async function startDevModel(config: DevModelConfig): Promise<DevModel> {
  const turn = createTurns(await readModelScript(config.script))
  const requests: unknown[] = []
  const timers = new Set<Timer>()
  const server = createServer((request, response) => {
    response.on('error', () => {})
    void serve(request, response).catch(() => response.destroy())
  })
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const route = `${request.method} ${request.url?.split('?')[0] ?? ''}`
    if (route === 'GET /v1/models')
      return sendJson(response, 200, { object: 'list', data: [{ id: modelName, object: 'model' }] })
    if (route !== 'POST /v1/chat/completions') return sendJson(response, 404, errorBody(`there is no ${route}`))
    const body = parsed(await textOf(request))
    const asked = bodySchema.safeParse(body)
    if (!asked.success) return sendJson(response, 400, errorBody(z.prettifyError(asked.error)))
    requests.push(body)
    if (requests.length > maxRequests) requests.shift()
    const prompt = asked.data.messages.map(({ content }) => textOfContent(content)).join('\n')
    const reply = turn(prompt)
    if (reply === undefined) return sendJson(response, 400, errorBody('no reply of the script is left for this prompt'))
    if (reply.hang) return
    const timer = config.clock.after(reply.delayMs, () => {
      timers.delete(timer)
      give(response, reply, { ...asked.data, prompt })
    })
    timers.add(timer)
  }
  server.listen(config.port ?? 0, '127.0.0.1')
  await once(server, 'listening').catch((cause: unknown) => {
    throw new GreenloopError('config_invalid', `port ${config.port} cannot be had: ${(cause as Error).message}`, {
      cause,
    })
  })
  const close = async (): Promise<void> => {
    for (const timer of timers) timer.cancel()
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/v1`, requests, close, [Symbol.asyncDispose]: close }
}

interface Asked {
  readonly model: string
  readonly stream: boolean
  readonly prompt: string
}

function give(response: ServerResponse, reply: ScriptedReply, asked: Asked): void {
  if (response.destroyed) return
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value)
  if (reply.status >= 400) sendJson(response, reply.status, errorBody(reply.text))
  else if (asked.stream) streamAnswer(response, reply, asked)
  else answerWhole(response, reply, asked)
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes <= maxBodyBytes) chunks.push(chunk)
  }
  return bytes > maxBodyBytes ? '' : Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function textOfContent(content: z.output<typeof contentSchema>): string {
  return typeof content === 'string' ? content : content.map((part) => part.text).join('')
}
