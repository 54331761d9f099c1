import { parseArgs } from 'node:util'
import { startDifyServer } from './dify-server.ts'
import type { DifyMode } from './dify-script.ts'

/**
 * A Dify server in a process of its own: prints `DIFY_BASE_URL=…` and answers every call of each key (`app-workflow`,
 * `app-chatflow`, `app-chat`, `app-agent`, `app-completion`) with an echo of its query or inputs.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    delay: { type: 'string', default: '0' },
    cap: { type: 'string' },
    /** Every so many calls the connection breaks in the middle. */
    cut: { type: 'string' },
  },
})

const app = (mode: DifyMode) => ({
  mode,
  ...(values.cap === undefined ? {} : { concurrency: Number(values.cap) }),
  script: ({ query, inputs, number }: { query: string; inputs: unknown; number: number }) => {
    const text = `echo: ${query === '' ? JSON.stringify(inputs) : query}`
    const isCut = values.cut !== undefined && number % Number(values.cut) === 0
    return {
      text,
      delayMs: Number(values.delay),
      nodes: [{ id: 'llm', tokens: [10, 5] as const, price: '0.0001500', model: 'test-model', outputs: { text } }],
      usage: { tokens: [10, 5] as const, price: '0.0001500' },
      ...(isCut ? { fault: { kind: 'cut', after: 2 } as const } : {}),
    }
  },
})

const server = await startDifyServer({
  port: Number(values.port),
  apps: {
    'app-workflow': app('workflow'),
    'app-chatflow': app('advanced-chat'),
    'app-chat': app('chat'),
    'app-agent': app('agent-chat'),
    'app-completion': app('completion'),
  },
})
process.stdout.write(`DIFY_BASE_URL=${server.url}\n`)
const end = (): void => {
  process.stdout.write(`executions=${server.executions()}\n`)
  void server.close()
}
process.once('SIGINT', end)
process.once('SIGTERM', end)
