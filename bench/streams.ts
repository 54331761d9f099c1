/**
 * 10,000 clients that follow one run on the real server, one in a hundred of which takes nothing; 20 events of 250 bytes, then all of
 * them cut off and back within the server's own retry time, then 20 more. Shows how late the server's event loop was, its memory,
 * and whether each client got every event once. The clients live in a process of their own, on the same machine.
 * Run: npm run bench:streams [clients]
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openService } from '../src/app/service.ts'
import type { Service } from '../src/app/service.ts'
import { now } from '../src/lib/clock.ts'
import { startHttp } from '../src/server/http-server.ts'

const events = 20
const eventBytes = 250
const targetMs = 100
const resolutionMs = 10
/** Open files of one process besides its clients. */
const spareFiles = 100

interface Order {
  readonly port: number
  readonly token: string
  readonly clients: number
}

/** What the clients have seen. */
interface Seen {
  readonly connected: number
  readonly delivered: number
  readonly wrong: number
  readonly ended: number
}

if (process.argv[2] === 'clients') runClients(JSON.parse(process.argv[3] ?? '{}') as Order)
else await main(Number(process.argv[2] ?? 10_000))

async function main(clients: number): Promise<void> {
  const limit = Number(
    (process.report.getReport() as { userLimits?: { open_files?: { soft?: string } } }).userLimits?.open_files?.soft,
  )
  if (limit < clients + spareFiles) {
    console.log(`${clients} clients need ${clients + spareFiles} open files, and only ${limit} are allowed: ulimit -n`)
    process.exitCode = 3
    return
  }
  const folder = await mkdtemp(join(tmpdir(), 'greenloop-streams-'))
  await mkdir(join(folder, '.git'))
  const stop = new AbortController()
  const env = { PATH: process.env['PATH'] }
  const service = await openService({}, { cwd: folder, env, signal: stop.signal })
  const rate = { perSecond: 1e6, burst: 1e6 }
  const server = await startHttp(service, { port: 0, version: 'bench', rate })
  try {
    const { token } = await server.access.createToken({ name: 'bench', scope: 'read' })
    await measure(service, { port: Number(new URL(server.url).port), token, clients })
  } finally {
    await server.close(0)
    await service.close(0)
    await rm(folder, { recursive: true })
  }
}

async function measure(service: Service, order: Order): Promise<void> {
  const { store } = service
  await store.create({ id: 'r1', kind: 'execute', title: 'bench', input: {} })
  const run = await store.claim('r1', { host: 'bench', pid: 1, token: 'bench' }, 600_000)
  if (run === undefined) throw new Error('the run was not claimed')
  const journal = store.journal('r1', run.epoch)
  const text = 'x'.repeat(eventBytes - 100)
  const tell = async (): Promise<void> => {
    for (let count = 0; count < events; count++) {
      await journal.append({ kind: 'event', event: { at: now(), kind: 'step', data: { text } } })
      await journal.flush()
      await sleep(250)
    }
  }
  const child = fork(fileURLToPath(import.meta.url), ['clients', JSON.stringify(order)])
  const ask = async (word: string): Promise<Seen> => {
    const answer = once(child, 'message')
    child.send(word)
    return ((await answer) as [Seen])[0]
  }
  const until = async (isSo: (seen: Seen) => boolean): Promise<Seen> => {
    for (let round = 0; ; round++) {
      const seen = await ask('seen')
      if (isSo(seen) || round > 120) return seen
      await sleep(500)
    }
  }
  const takers = order.clients - Math.floor(order.clients / 100)
  const all = ({ connected }: Seen) => connected === order.clients
  const results = [
    await phase('connecting', () => until(all)),
    await phase(`${events} events`, async () => {
      await tell()
      return until(({ delivered }) => delivered >= takers * events)
    }),
    await phase('all cut off and back', async () => {
      await ask('cut')
      return until(all)
    }),
    await phase(`${events} more events, end`, async () => {
      await tell()
      await store.end('r1', { state: 'finished', verdict: 'passed' }, run.epoch)
      return until(({ ended }) => ended >= takers)
    }),
  ]
  const seen = await ask('seen')
  child.kill()
  await once(child, 'exit')
  const expected = takers * events * 2
  console.log(
    `${order.clients} clients, of which ${order.clients - takers} take nothing; events of ${eventBytes} bytes`,
  )
  for (const line of results) console.log(line)
  console.log(`delivered ${seen.delivered} of ${expected}, ${seen.wrong} out of order or double, ${seen.ended} ended`)
  if (seen.delivered !== expected || seen.wrong > 0) process.exitCode = 1
}

async function phase(name: string, work: () => Promise<unknown>): Promise<string> {
  const loop = monitorEventLoopDelay({ resolution: resolutionMs })
  loop.enable()
  const start = performance.now()
  const before = process.cpuUsage()
  await work()
  loop.disable()
  const { user, system } = process.cpuUsage(before)
  const late = (ns: number) => Math.max(0, ns / 1e6 - resolutionMs)
  const [p99, max] = [late(loop.percentile(99)), late(loop.max)]
  if (p99 > targetMs) process.exitCode = 1
  const rss = Math.round(process.memoryUsage.rss() / 2 ** 20)
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  return `${name.padEnd(24)} ${seconds.padStart(6)} s   CPU ${((user + system) / 1e6).toFixed(1).padStart(5)} s   loop p99 ${p99.toFixed(0).padStart(4)} ms (target ${targetMs})   max ${max.toFixed(0).padStart(4)} ms   RSS ${rss} MiB`
}

interface Client {
  readonly takesNothing: boolean
  socket: Socket | undefined
  isOpen: boolean
  isEnded: boolean
  seen: number
  rest: string
}

function runClients({ port, token, clients }: Order): void {
  const all = Array.from({ length: clients }, (_, index): Client => {
    return { takesNothing: index % 100 === 99, socket: undefined, isOpen: false, isEnded: false, seen: 0, rest: '' }
  })
  let wrong = 0
  const take = (client: Client, chunk: string): void => {
    client.isOpen = true
    const lines = (client.rest + chunk).split('\n')
    client.rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith('event: end')) client.isEnded = true
      if (!line.startsWith('id: ')) continue
      const seq = Number(line.slice(4))
      if (seq !== client.seen + 1) wrong++
      client.seen = seq
    }
  }
  const open = (client: Client): void => {
    client.rest = ''
    const socket = connect(port, '127.0.0.1')
    client.socket = socket
    socket.setEncoding('latin1')
    // The server gives a sign of life every 15 s: whoever hears none was never let in.
    socket.setTimeout(20_000, () => void (client.takesNothing && client.isOpen ? undefined : socket.destroy()))
    socket.on('error', () => {})
    socket.on('close', () => {
      // Cut off by the server, or not let in: back after a moment, as any client.
      if (client.socket !== socket || client.isEnded) return
      client.isOpen = false
      setTimeout(() => open(client), 1000 + Math.random() * 1000)
    })
    socket.on('data', (chunk) => {
      take(client, String(chunk))
      if (client.takesNothing) socket.pause()
    })
    const last = client.seen === 0 ? '' : `Last-Event-ID: ${client.seen}\r\n`
    socket.write(
      `GET /v1/runs/r1/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${token}\r\n${last}\r\n`,
    )
  }
  /** Everybody comes at a moment of their own within `ms`. */
  const openAll = (ms: number): void => {
    for (const client of all) setTimeout(() => open(client), Math.random() * ms)
  }
  process.once('disconnect', () => process.exit())
  process.on('message', (word) => {
    if (word === 'cut') {
      for (const client of all) {
        const { socket } = client
        client.socket = undefined
        client.isOpen = false
        socket?.destroy()
      }
      // What the server asks for with `retry`, 3 s give or take a fifth, on top of nothing.
      openAll(3600)
    }
    const count = (key: 'isOpen' | 'isEnded') =>
      all.filter((client) => client[key] && (key === 'isOpen' || !client.takesNothing)).length
    process.send?.({ connected: count('isOpen'), delivered: delivered(), wrong, ended: count('isEnded') })
  })
  const delivered = (): number => all.reduce((sum, client) => sum + (client.takesNothing ? 0 : client.seen), 0)
  openAll(5000)
}
