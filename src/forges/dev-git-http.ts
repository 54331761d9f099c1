import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { basename, dirname } from 'node:path'

/** A request of git for a repository that may be had. */
export interface GitRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly gitDirectory: string
  /** `/info/refs`, `/git-upload-pack` or `/git-receive-pack`. */
  readonly service: string
  readonly query: string
  readonly user: string
  readonly env: Readonly<Record<string, string>>
  /** Runs when git is through and before the answer ends. */
  readonly whenDone: () => Promise<void>
  readonly signal: AbortSignal
}

const maxHeaderBytes = 64 * 1024

/** Hands a request to `git http-backend` and its answer back. Settles when both are over; never throws. */
export async function serveGit(git: GitRequest): Promise<void> {
  const { request, response } = git
  const child = spawn('git', ['http-backend'], { env: cgiVariables(git), stdio: ['pipe', 'pipe', 'ignore'] })
  const kill = (): void => void child.kill('SIGKILL')
  git.signal.addEventListener('abort', kill, { once: true })
  response.once('close', () => child.stdin?.destroy())
  child.stdin?.on('error', () => {})
  request.pipe(child.stdin)
  await relay(child, response)
  git.signal.removeEventListener('abort', kill)
  try {
    await git.whenDone()
  } finally {
    if (!response.headersSent) response.writeHead(500)
    response.end()
  }
}

function cgiVariables({ request, gitDirectory, service, query, user, env }: GitRequest): Record<string, string> {
  const { headers } = request
  const optional = {
    CONTENT_LENGTH: headers['content-length'],
    HTTP_CONTENT_ENCODING: headers['content-encoding'],
    GIT_PROTOCOL: headers['git-protocol'],
  }
  return {
    ...env,
    GIT_PROJECT_ROOT: dirname(gitDirectory),
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: `/${basename(gitDirectory)}${service}`,
    REQUEST_METHOD: request.method ?? 'GET',
    QUERY_STRING: query,
    CONTENT_TYPE: headers['content-type'] ?? '',
    REMOTE_USER: user,
    REMOTE_ADDR: '127.0.0.1',
    ...Object.fromEntries(
      Object.entries(optional).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    ),
  }
}

/** Reads the CGI head, then passes the rest on as it comes, no faster than it is taken. */
async function relay(child: ChildProcess, response: ServerResponse): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
  let head: Buffer | undefined = Buffer.alloc(0)
  child.stdout?.on('data', (chunk: Buffer) => {
    if (head === undefined) return pass(child, response, chunk)
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) {
      if (head.length > maxHeaderBytes) child.kill('SIGKILL')
      return
    }
    writeHead(response, head.subarray(0, end).toString('latin1'))
    pass(child, response, head.subarray(end + 4))
    head = undefined
  })
  await closed
}

function pass(child: ChildProcess, response: ServerResponse, chunk: Buffer): void {
  if (response.destroyed || response.write(chunk)) return
  child.stdout?.pause()
  const resume = (): void => void child.stdout?.resume()
  response.once('drain', resume)
  response.once('close', resume)
}

function writeHead(response: ServerResponse, head: string): void {
  const fields = head.split('\r\n').map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
  })
  const status = Number.parseInt(fields.find(([name]) => name.toLowerCase() === 'status')?.[1] ?? '200', 10)
  const headers = Object.fromEntries(fields.filter(([name]) => name.toLowerCase() !== 'status'))
  if (!response.headersSent) response.writeHead(status, headers)
}
