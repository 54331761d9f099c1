import type { z } from 'zod'
import { call } from './gitlab-call.ts'
import type { Call, Caller, Proof } from './gitlab-call.ts'
import { forgeError, garbledError, hasStatus } from './gitlab-errors.ts'
import { garbledFailure } from './gitlab-failures.ts'
import { nextPage } from './gitlab-pages.ts'

/** Something to read. */
interface Query<T> {
  readonly path: string
  readonly query?: Call['query']
  readonly schema: z.ZodType<T>
}

/** Something to change. */
interface Change<T> {
  readonly method: 'POST' | 'PUT'
  readonly path: string
  readonly body?: Call['body']
  readonly schema: z.ZodType<T>
  readonly proof: Proof<T>
}

/** The REST API, with retries, caps and checked answers. All throw as {@link Forge} says. */
export interface GitLabApi {
  /** Throws `forge_not_found` where there is nothing. */
  read<T>(query: Query<T>, signal: AbortSignal): Promise<T>
  /** `undefined` where there is nothing. */
  find<T>(query: Query<T>, signal: AbortSignal): Promise<T | undefined>
  /** Items of a list, page by page, in the order of the host; whoever has enough stops. `schema` is that of one item. */
  items<T>(query: Query<T>, signal: AbortSignal): AsyncGenerator<T, void>
  change<T>(change: Change<T>, signal: AbortSignal): Promise<T>
  /** A text of any size, head and tail of it. */
  download(path: string, signal: AbortSignal): Promise<string>
}

const pageLimit = 100

/** Makes the {@link GitLabApi} of a caller. */
export function createApi(caller: Caller): GitLabApi {
  const get = async (path: string, query: Call['query'], signal: AbortSignal) => {
    const called = await call<never>(caller, { method: 'GET', path, query, kind: 'json' }, signal)
    return 'answer' in called ? called.answer : called.proven
  }
  const read: GitLabApi['read'] = async ({ path, query, schema }, signal) => {
    const { text } = await get(path, query, signal)
    return parse(caller, { text, schema, method: 'GET', path })
  }
  return {
    read,
    find: (query, signal) =>
      read(query, signal).catch((error: unknown) => {
        if (hasStatus(error, 404)) return undefined
        throw error
      }),
    async *items({ path, query, schema }, signal) {
      let page: Call['query'] = { per_page: '100', ...query }
      for (let number = 1; number <= pageLimit; number++) {
        const { text, headers } = await get(path, page, signal)
        yield* parse(caller, { text, schema: schema.array(), method: 'GET', path })
        const next = nextPage(headers)
        if (next === undefined) return
        page = { ...page, ...next }
      }
      const failure = garbledFailure(`the list has more than ${pageLimit} pages`)
      throw forgeError(failure, { method: 'GET', path, attempt: 1 }, caller.redactor)
    },
    change: async ({ method, path, body, schema, proof }, signal) => {
      const called = await call(caller, { method, path, body, kind: 'json', proof }, signal)
      return 'proven' in called ? called.proven : parse(caller, { text: called.answer.text, schema, method, path })
    },
    download: async (path, signal) => {
      const called = await call<never>(caller, { method: 'GET', path, kind: 'download' }, signal)
      return 'answer' in called ? called.answer.text : called.proven
    },
  }
}

interface Received<T> {
  readonly text: string
  readonly schema: z.ZodType<T>
  readonly method: string
  readonly path: string
}

function parse<T>(caller: Caller, { text, schema, method, path }: Received<T>): T {
  const parsed = schema.safeParse(jsonOf(text))
  if (parsed.success) return parsed.data
  throw garbledError(text, { method, path, attempt: 1 }, caller.redactor)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
