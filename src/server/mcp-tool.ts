import { randomUUID } from 'node:crypto'
import type { CallToolResult, McpServer, ServerContext } from '@modelcontextprotocol/server'
import type { z } from 'zod'
import { fence } from '../app/mcp-fence.ts'
import { ApiError, ConnectionError } from '../client/api-client.ts'
import type { ApiClient } from '../client/api-client.ts'
import { errorCatalog, GreenloopError } from '../domain/errors.ts'
import { plainText } from '../lib/plain-text.ts'
import { estimateTokens } from '../lib/tokens.ts'

/** What a tool works with. */
export interface ToolContext {
  readonly client: ApiClient
  /** Aborts when the call is taken back. */
  readonly signal: AbortSignal
  /** Tells how far a call is, where the client wants to know. */
  readonly onProgress: (done: number, total: number, message: string) => Promise<void>
}

/** What a tool gives: text for a model, and the same as data. */
export interface Told<T> {
  readonly text: string
  readonly data: T
}

/** What a tool does to its surroundings, in the words of the protocol. */
interface Hints {
  readonly readOnlyHint: boolean
  readonly idempotentHint?: boolean
}

interface ToolDefinition<I extends z.ZodObject, O extends z.ZodObject> {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly input: I
  readonly output: O
  readonly hints: Hints
  readonly run: (args: z.output<I>, context: ToolContext) => Promise<Told<z.input<O>>>
}

/** Adds one tool to a server. */
export type Tool = (server: McpServer, client: ApiClient) => void

/** Makes a tool. Whatever its work throws becomes a result that says what is wrong and what mends it. */
export function defineTool<I extends z.ZodObject, O extends z.ZodObject>(definition: ToolDefinition<I, O>): Tool {
  const { name, title, description, input, output, hints, run } = definition
  const annotations = { title, destructiveHint: false, openWorldHint: false, ...hints }
  return (server, client) => {
    const work = async (args: unknown, context: ServerContext): Promise<CallToolResult> => {
      try {
        const { text, data } = await run(args as z.output<I>, contextOf(client, context))
        return { content: [{ type: 'text', text: plainText(text) }], structuredContent: cleaned(data) }
      } catch (error) {
        return { isError: true, content: [{ type: 'text', text: plainText(errorText(error)) }] }
      }
    }
    server.registerTool(
      name,
      { title, description, inputSchema: input, outputSchema: output, annotations },
      work as never,
    )
  }
}

function contextOf(client: ApiClient, { mcpReq }: ServerContext): ToolContext {
  const progressToken = mcpReq._meta?.progressToken
  return {
    client,
    signal: mcpReq.signal,
    onProgress: async (progress, total, message) => {
      if (progressToken === undefined) return
      const params = { progressToken, progress, total, message: plainText(message) }
      await mcpReq.notify({ method: 'notifications/progress', params })
    },
  }
}

/** A copy whose texts hold no escapes and nothing that drives a terminal. */
function cleaned(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value), (_key, each: unknown) =>
    typeof each === 'string' ? plainText(each) : each,
  ) as Record<string, unknown>
}

function errorText(error: unknown): string {
  if (error instanceof ApiError) {
    const { code, name, detail, why, help, errors = [] } = error.problem
    const more = errors.slice(0, 10).map(({ pointer, place, message }) => {
      const at = pointer ?? (place?.line === undefined ? '' : `line ${place.line}`)
      return `- ${at === '' ? '' : `${at}: `}${message}`
    })
    return lines(`${code} ${name}: ${detail}`, ...more, why && `why: ${why}`, help && `help: ${help}`)
  }
  if (error instanceof ConnectionError) return `${errorCatalog[error.code].id} ${error.code}: ${error.message}`
  if (error instanceof GreenloopError)
    return lines(`${errorCatalog[error.code].id} ${error.code}: ${error.message}`, error.help && `help: ${error.help}`)
  return error instanceof Error && error.name === 'AbortError' ? 'the call was taken back' : 'the tool failed'
}

/** Lines that are there, one below the other. */
export function lines(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join('\n')
}

/** Text of tests, logs and models, marked as data that nobody has to obey. */
export function fenced(title: string, text: string): string {
  return fence({ title, text }, `greenloop-${randomUUID().slice(0, 8)}`)
}

/** Keeps the head of a text within so many tokens. */
export function capTokens(text: string, tokens: number): string {
  if (estimateTokens(text) <= tokens) return text
  let length = Math.min(text.length, tokens * 4)
  while (length > 0 && estimateTokens(text.slice(0, length)) > tokens) length = Math.floor(length * 0.8)
  return `${text.slice(0, length).replace(/[\ud800-\udbff]$/u, '')}…`
}
