import { parseArgs } from 'node:util'
import { startWorkflowServer } from './workflow-server.ts'
import type { Fault } from './workflow-server.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    latency: { type: 'string', default: '0' },
    cap: { type: 'string' },
    rate: { type: 'string' },
    burst: { type: 'string', default: '1' },
    'retry-after': { type: 'string' },
    bytes: { type: 'string' },
    fault: { type: 'string' },
    every: { type: 'string', default: '10' },
    header: { type: 'string', multiple: true, default: [] },
  },
})

/** `--header name=value`, once for each. */
const headers = Object.fromEntries(values.header.map((each) => each.split('=', 2) as [string, string]))

/** `--fault reset`, `cut`, `garbled`, `silent`, or a status; at every tenth call, or as `--every` says. */
function faultOf(kind: string): Fault {
  if (/^\d{3}$/u.test(kind)) return { kind: 'status', status: Number(kind) }
  if (kind === 'reset' || kind === 'cut' || kind === 'garbled' || kind === 'silent') return { kind }
  throw new Error(`no such fault: ${kind}`)
}

const every = Number(values.every)
const fault = values.fault === undefined ? undefined : faultOf(values.fault)

const server = await startWorkflowServer({
  port: Number(values.port),
  latencyMs: Number(values.latency),
  headers,
  ...(fault === undefined ? {} : { fault: (arrival: number) => (arrival % every === 0 ? fault : undefined) }),
  ...(values.cap === undefined ? {} : { cap: Number(values.cap) }),
  ...(values.rate === undefined ? {} : { rate: { perSecond: Number(values.rate), burst: Number(values.burst) } }),
  ...(values['retry-after'] === undefined ? {} : { retryAfter: values['retry-after'] }),
  ...(values.bytes === undefined ? {} : { bytes: Number(values.bytes) }),
})
process.stdout.write(`${server.url}\n`)
process.once('SIGINT', () => void server.close())
process.once('SIGTERM', () => void server.close())
