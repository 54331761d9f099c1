import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { runningServer } from '../app/serve-link.ts'
import { ApiError, ConnectionError, createApiClient } from '../client/api-client.ts'
import type { ApiClient } from '../client/api-client.ts'
import { errorCatalog, GreenloopError } from '../domain/errors.ts'
import type { ErrorCode, Problem } from '../domain/errors.ts'
import type { ProblemEntry } from '../client/types.ts'
import type { Session } from './session.ts'

/** A server that the command line works with. */
export interface Remote {
  /** As given, without a slash at its end. */
  readonly url: string
  /** Throws what {@link translated} gives; an interrupt ends no call, for the server has to be told of it. */
  readonly client: ApiClient
}

/** Turns to the server of `--server`. Throws `usage_invalid`, `file_missing`. */
export async function connect(session: Session): Promise<Remote> {
  const { server } = session
  if (server === undefined) throw new GreenloopError('internal', 'no server was named')
  const address = addressOf(server.url)
  const token = await tokenFor(address, session)
  if (token !== undefined && address.protocol === 'http:' && !isLoopback(address.hostname)) {
    session.output.note(`the token goes to ${address.host} over plain HTTP; others on the way can read it\n`)
  }
  return { url: baseOf(address), client: createApiClient({ baseUrl: baseOf(address), token }) }
}

/** Address of a run for people. */
export function pageOf({ url }: Remote, id: string): string {
  return `${url}/runs/${encodeURIComponent(id)}`
}

/** The error of the API as one of the command line, with the same code. */
export function translated(error: unknown): unknown {
  if (error instanceof ConnectionError) {
    const help =
      error.code === 'server_unreachable'
        ? 'check --server (GREENLOOP_SERVER), or start one: greenloop serve'
        : undefined
    return new GreenloopError(error.code, error.message, { cause: error, ...(help === undefined ? {} : { help }) })
  }
  if (!(error instanceof ApiError)) return error
  const { name, detail, help, why, errors = [], code } = error.problem
  const known = isErrorCode(name) ? name : undefined
  const message = known === undefined ? `${detail} (${code})` : detail
  return new GreenloopError(known ?? 'server_garbled', message, {
    cause: error,
    problems: errors.map(problemOf),
    ...(help === undefined ? {} : { help }),
    ...(why === undefined ? {} : { why }),
  })
}

/** Does something with a server; what goes wrong is told in the words of the command line. */
export async function withServer<T>(session: Session, work: (remote: Remote) => Promise<T>): Promise<T> {
  const remote = await connect(session)
  try {
    return await work(remote)
  } catch (error) {
    throw translated(error)
  }
}

/** Whether a text is a name of the closed catalogue. */
export function isErrorCode(name: string): name is ErrorCode {
  return Object.hasOwn(errorCatalog, name)
}

/** An entry of a problem as one of ours; what is absent stays absent. */
export function problemOf({ message, place, pointer, help }: ProblemEntry): Problem {
  const at = place?.file === undefined ? undefined : { ...place, file: place.file }
  return {
    message: pointer === undefined || at !== undefined ? message : `${pointer}: ${message}`,
    ...(help === undefined ? {} : { help }),
    ...(at === undefined ? {} : { place: JSON.parse(JSON.stringify(at)) as NonNullable<Problem['place']> }),
  }
}

function addressOf(text: string): URL {
  const address = URL.canParse(text) ? new URL(text) : undefined
  const isWeb = address?.protocol === 'http:' || address?.protocol === 'https:'
  if (address === undefined || !isWeb) {
    throw new GreenloopError('usage_invalid', `\`${text}\` is no address of a server`, {
      help: 'such as http://127.0.0.1:4747',
    })
  }
  if (address.username !== '' || address.password !== '') {
    throw new GreenloopError('usage_invalid', 'the address of the server holds a user or a password', {
      help: 'give the token by GREENLOOP_TOKEN or --token-file',
    })
  }
  return address
}

function baseOf({ origin, pathname }: URL): string {
  return `${origin}${pathname}`.replace(/\/+$/u, '')
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/u.test(hostname)
}

async function tokenFor(address: URL, session: Session): Promise<string | undefined> {
  const { tokenFile, env, cwd } = session
  if (tokenFile !== undefined) return (await readToken(resolve(cwd, tokenFile), tokenFile)).trim()
  if (env.GREENLOOP_TOKEN !== undefined && env.GREENLOOP_TOKEN !== '') return env.GREENLOOP_TOKEN.trim()
  return isLoopback(address.hostname) ? ownToken(address, session) : undefined
}

async function readToken(path: string, shown: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new GreenloopError('file_missing', `${shown} cannot be read`, { cause })
  }
}

/** The token that a server started here has left beside its store; only for that server, not for whoever listens on a port. */
async function ownToken(address: URL, { cwd, env, signal }: Session): Promise<string | undefined> {
  const running = await runningServer({ cwd, env, signal }).catch(() => undefined)
  if (running === undefined) return undefined
  const { port, protocol, hostname } = new URL(running.url)
  // All names of the loopback are one.
  if (port !== address.port || protocol !== address.protocol || !isLoopback(hostname)) return undefined
  return (await readToken(running.tokenFile, running.tokenFile)).trim()
}
