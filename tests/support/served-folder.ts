import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { root, startCli, temporary } from '../e2e/cli.ts'
import type { Started } from '../e2e/cli.ts'

/** A folder with the examples, and how it is served. */
export interface ServedFolder {
  readonly path: string
  readonly store: string
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/** A temporary folder with suites, their systems and samples of tests. */
export async function servedFolder(): Promise<ServedFolder> {
  const folder = await temporary()
  for (const name of ['suites', 'calculator', 'samples', 'exec_request.json', 'answers']) {
    await cp(join(root, 'examples', name), join(folder.path, name), { recursive: true })
  }
  return {
    path: folder.path,
    store: join(folder.path, '.greenloop', 'greenloop.db'),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

/** A server that listens. */
export interface Server {
  readonly url: string
  readonly tokenFile: string
  readonly started: Started
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/** Starts `greenloop serve` in a folder and waits until it listens. */
export async function startServer(
  { path, store }: ServedFolder,
  args: readonly string[] = ['--port', '0'],
): Promise<Server> {
  const started = startCli(['serve', '--json', '--drain', '1', ...args], { cwd: path, env: { GREENLOOP_STORE: store } })
  const line = await printed(started)
  const { url, tokenFile } = JSON.parse(line) as { url: string; tokenFile: string }
  const close = async (): Promise<void> => {
    started.kill('SIGTERM')
    await started.ended
  }
  return { url, tokenFile, started, [Symbol.asyncDispose]: close }
}

async function printed(started: Started): Promise<string> {
  const isOver = { value: false }
  void started.ended.then(() => (isOver.value = true))
  while (!started.stdout().includes('\n')) {
    if (isOver.value) throw new Error(`the server did not start: ${started.stderr()}`)
    await new Promise((done) => setTimeout(done, 30))
  }
  return started.stdout().split('\n', 1)[0] ?? ''
}
