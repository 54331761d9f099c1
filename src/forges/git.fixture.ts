import { execFileSync, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Repository } from '../domain/repository.ts'
import { systemClock } from '../lib/clock.ts'
import { openRepository } from './git-repository.ts'
import type { RepositoryConfig } from './git-repository.ts'

/** A token that may be found nowhere. */
export const canary = 'glpat-Canary7Zq9Xw2Lk5Tn8'

const author = { name: 'Greenloop', email: 'greenloop@example.invalid' }
const environment = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Somebody',
  GIT_AUTHOR_EMAIL: 'somebody@example.invalid',
  GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'Somebody',
  GIT_COMMITTER_EMAIL: 'somebody@example.invalid',
  GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
}

/** What the host does with a request before git sees it: nothing, or it answers itself. */
type Interference = (request: IncomingMessage, response: ServerResponse) => boolean

/** A host with one repository, a folder for everything, and what was seen on the way. */
export interface GitHost {
  readonly folder: string
  /** The repository on the host. */
  readonly bare: string
  readonly url: string
  /** Lines that `onCommand` got. */
  readonly commands: string[]
  /** `METHOD path` of each request that carried the token. */
  readonly requests: string[]
  interfere(by: Interference | undefined): void
  /** Opens a control repository; the same one each time unless named otherwise. */
  open(change?: Partial<RepositoryConfig>): Promise<Repository>
  /** Runs git as somebody else would on the host. */
  onHost(...args: string[]): string
  withInput(args: readonly string[], input: string): string
  /** A commit of somebody else on a branch of the host. */
  commitOnHost(branch: string, entries: readonly HostEntry[]): string
  close(): Promise<void>
}

/** A file as somebody puts it into a commit of the host; without content it is a link to a commit. */
interface HostEntry {
  readonly path: string
  readonly mode?: string
  readonly content?: string | Buffer
}

/** Opens a host. */
export async function openHost(): Promise<GitHost> {
  const folder = await mkdtemp(join(tmpdir(), 'greenloop-git-'))
  const bare = join(folder, 'host', 'project.git')
  await mkdir(dirname(bare), { recursive: true })
  git(folder, ['init', '--quiet', '--bare', '--initial-branch=main', bare])
  git(bare, ['config', 'http.receivepack', 'true'])
  let by: Interference | undefined
  const requests: string[] = []
  const commands: string[] = []
  const { server, url } = await listen((request, response) => {
    if (by?.(request, response) === true) return
    if (!isAllowed(request)) return void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
    requests.push(`${request.method} ${request.url}`)
    serve(dirname(bare), request, response)
  })
  const config: RepositoryConfig = {
    folder: join(folder, 'control', 'project.git'),
    url: `${url}/project.git`,
    token: canary,
    author,
    retry: { intervalMs: 1, maxAttempts: 3 },
    clock: systemClock,
    random: () => 0.5,
    path: environment.PATH,
    onCommand: (line) => commands.push(line),
  }
  return {
    folder,
    bare,
    url: config.url,
    commands,
    requests,
    interfere: (next) => (by = next),
    open: (change = {}) => openRepository({ ...config, ...change }),
    onHost: (...args) => git(bare, args),
    withInput: (args, input) => git(bare, args, input),
    commitOnHost: (branch, entries) => commitOnHost(bare, branch, entries),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Listens on a free port of this machine. */
export async function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** Files below a folder whose path or content holds a text. */
export async function findText(folder: string, text: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const found: string[] = []
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
    if (path.includes(text) || (entry.isFile() && (await readFile(path)).includes(text))) found.push(path)
  }
  return found
}

/** Writes a shell script that leaves a mark when it is run. */
export async function writeTrap(path: string, mark: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `#!/bin/sh\necho ran >> '${mark}'\ncat\n`, { mode: 0o755 })
}

function git(cwd: string, args: readonly string[], input?: string | Buffer): string {
  return execFileSync('git', [...args], { cwd, env: environment, input, stdio: 'pipe' })
    .toString()
    .trim()
}

function commitOnHost(bare: string, branch: string, entries: readonly HostEntry[]): string {
  const parent = git(bare, ['for-each-ref', '--format=%(objectname)', `refs/heads/${branch}`])
  const index = join(bare, 'fixture-index')
  const withIndex = (args: readonly string[], input?: Buffer): string =>
    execFileSync('git', [...args], { cwd: bare, env: { ...environment, GIT_INDEX_FILE: index }, input, stdio: 'pipe' })
      .toString()
      .trim()
  withIndex(parent === '' ? ['read-tree', '--empty'] : ['read-tree', parent])
  const lines = entries.map(({ path, mode = '100644', content }) => {
    const id = content === undefined ? 'a'.repeat(40) : git(bare, ['hash-object', '-w', '--stdin'], content)
    return `${mode} ${id}\t${path}\0`
  })
  withIndex(['update-index', '-z', '--index-info'], Buffer.from(lines.join('')))
  const tree = withIndex(['write-tree'])
  const sha = git(bare, ['commit-tree', tree, ...(parent === '' ? [] : ['-p', parent]), '-m', 'Change of somebody'])
  git(bare, ['update-ref', `refs/heads/${branch}`, sha])
  return sha
}

function isAllowed(request: IncomingMessage): boolean {
  return request.headers.authorization === `Basic ${Buffer.from(`oauth2:${canary}`).toString('base64')}`
}

function serve(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      ...environment,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_USER: 'oauth2',
      REMOTE_ADDR: '127.0.0.1',
    },
  })
  child.stdin.on('error', () => {})
  request.pipe(child.stdin)
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.on('close', () => {
    const all = Buffer.concat(chunks)
    const end = all.indexOf('\r\n\r\n')
    const head = all.subarray(0, end).toString('latin1').split('\r\n')
    const headers = head.map((line) => line.split(': ') as [string, string])
    const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200'
    const rest = headers.filter(([name]) => name !== 'Status' && name !== '')
    response.writeHead(Number.parseInt(status, 10), Object.fromEntries(rest)).end(all.subarray(end + 4))
  })
}
