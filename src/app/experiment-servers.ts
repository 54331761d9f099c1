import { resolve } from 'node:path'
import { testEnvironment } from '../config/test-environment.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { ManifestHead } from '../domain/manifest.ts'
import type { ServerConfig } from '../domain/workflow.ts'
import { monotonic, sleep } from '../lib/clock.ts'
import { markerName, reap } from '../lib/process-tree.ts'
import { startProcess } from '../lib/process.ts'
import { splitCommand } from '../lib/split-command.ts'
import { createHttpClient } from '../lib/http-client.ts'
import type { HttpClient } from '../lib/http-client.ts'
import type { Surroundings } from './surroundings.ts'

/** Ends what a process of this run that was killed has started: nobody else knows of it. */
export async function endServersOf(runId: string): Promise<void> {
  await reap(markerOf(runId))
}

/** The same for each process that works on the run, so that the next one finds what the last one has left. */
function markerOf(runId: string): string {
  return `servers-${runId}`
}

/** Servers that were started for a run. */
export interface StartedServers {
  close(): Promise<void>
}

/** Where servers are started, and for which run. */
type ServerSurroundings = Pick<Surroundings, 'cwd' | 'env' | 'signal' | 'onStep'> & {
  readonly runId?: string | undefined
}

const pollMs = 50
const outputBytes = 20_000

/**
 * Starts the servers that say how, unless they answer already, and waits until they do. Throws `target_failed` with what
 * the server has printed where it does not come up.
 */
export async function startServers(
  heads: readonly ManifestHead[],
  { runId, ...where }: ServerSurroundings,
): Promise<StartedServers> {
  const servers = new Map<string, { readonly server: ServerConfig; readonly folder: string }>()
  for (const { server, baseFolder } of heads) {
    if (server?.start !== undefined)
      servers.set(JSON.stringify([server.baseUrl, server.start]), { server, folder: baseFolder ?? where.cwd })
  }
  const client = createHttpClient()
  const started: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    client.close()
    await Promise.all(started.map((end) => end()))
    // One that answered already may be that of a process that worked on this run before.
    if (runId !== undefined) await endServersOf(runId)
  }
  try {
    for (const { server, folder } of servers.values()) {
      const end = await startServer(server, { ...where, runId, cwd: folder }, client)
      if (end !== undefined) started.push(end)
    }
    return { close }
  } catch (error) {
    await close()
    throw error
  }
}

async function startServer(
  { start, baseUrl }: ServerConfig,
  { cwd, env, signal, onStep, runId }: ServerSurroundings,
  client: HttpClient,
): Promise<(() => Promise<void>) | undefined> {
  if (start === undefined) return undefined
  const ready = new URL(start.ready ?? baseUrl, baseUrl)
  if (await answers(ready, client, signal)) return undefined
  onStep?.(`starting ${start.command}`)
  const stop = new AbortController()
  const marked = runId === undefined ? {} : { [markerName]: markerOf(runId) }
  const command = { argv: splitCommand(start.command), cwd: resolve(cwd), env: { ...testEnvironment(env), ...marked } }
  const running = startProcess(command, { signal: stop.signal, outputCapBytes: outputBytes })
  let hasEnded = false
  void running.ended.then(() => (hasEnded = true))
  const end = async (): Promise<void> => {
    stop.abort()
    await running.ended
  }
  const begun = monotonic()
  while (!(await answers(ready, client, signal))) {
    if (hasEnded || signal.aborted || monotonic() - begun > start.timeoutSeconds * 1000) {
      await end()
      signal.throwIfAborted()
      const { exitCode, stdout, stderr } = await running.ended
      throw new GreenloopError('target_failed', `\`${start.command}\` did not come up`, {
        why: hasEnded
          ? `it ended with exit code ${exitCode}`
          : `${ready.href} was silent for ${start.timeoutSeconds} s`,
        help: `${stdout.text}\n${stderr.text}`.trim().slice(-1000) || 'it printed nothing',
      })
    }
    await sleep(pollMs, signal)
  }
  return end
}

/** Any answer will do: many servers know nothing at their root. */
async function answers(url: URL, client: HttpClient, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await client.send({ url, method: 'GET', headers: {} }, signal)
    response.body.resume()
    return true
  } catch {
    signal.throwIfAborted()
    return false
  }
}
