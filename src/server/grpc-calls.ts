import type {
  Metadata,
  sendUnaryData,
  ServerUnaryCall,
  ServerWritableStream,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { z } from 'zod'
import type { RepairService, StartWish } from '../app/repair-service.ts'
import type { RunEventMessage } from '../client/run-messages.ts'
import { GreenloopError } from '../domain/errors.ts'
import { isSameSecret } from '../lib/hash.ts'
import { statusOf, unauthenticated } from './grpc-errors.ts'
import { watchRun } from './grpc-watch.ts'
import { runMessage } from './run-view.ts'

const name = z.string().max(500)
const idSchema = z.object({ id: z.string().min(1).max(200) })
const startSchema = z.object({
  idempotencyKey: z.string().min(1, 'an idempotency_key is wanted').max(200),
  project: name,
  ref: name,
  files: z
    .array(z.object({ path: z.string().max(4096), content: z.instanceof(Uint8Array), executable: z.boolean() }))
    .max(2000),
  options: z
    .object({
      rounds: z.int().min(0).max(50).nullish(),
      totalTimeoutSeconds: z.number().gt(0).nullish(),
      mergeRequest: z.int().min(1).nullish(),
      createProject: z.boolean().nullish(),
    })
    .nullish(),
})
const listSchema = z.object({ pageSize: z.int().min(0).max(100), pageToken: z.string().max(500) })
const watchSchema = z.object({ id: z.string().min(1).max(200), afterSeq: z.number().min(0) })
const cancelSchema = z.object({ id: z.string().min(1).max(200), reason: z.string().max(1000) })
const gateSchema = z.object({ runId: z.string().min(1).max(200), job: z.string().min(1).max(500) })

/** What the calls work with. */
export interface CallParts {
  readonly service: RepairService
  /** Callers have to send it as a bearer token. */
  readonly token?: string | undefined
  /** Milliseconds between two looks for new events. */
  readonly followMs: number
  readonly heartbeatMs: number
  readonly signal: AbortSignal
}

/** The calls of the service; each checks the caller first, then what was sent. */
export function runCalls(parts: CallParts): UntypedServiceImplementation {
  const { service } = parts
  return {
    startRun: unary(parts, startSchema, async (wish) => runMessage(await service.start(wishOf(wish)))),
    getRun: unary(parts, idSchema, async ({ id }) => runMessage(await service.get(id))),
    listRuns: unary(parts, listSchema, (page) => list(service, page)),
    cancelRun: unary(parts, cancelSchema, async ({ id, reason }) => runMessage(await service.cancel(id, reason))),
    playGate: unary(parts, gateSchema, async ({ runId, job }) => ({ jobUrl: await service.playGate(runId, job) })),
    watchRun: (call: ServerWritableStream<unknown, RunEventMessage>) => {
      void streamed(call, parts)
    },
  }
}

function wishOf({ idempotencyKey, project, ref, files, options }: z.output<typeof startSchema>): StartWish {
  const given = {
    project: project === '' ? undefined : project,
    ref: ref === '' ? undefined : ref,
    rounds: options?.rounds ?? undefined,
    timeoutSeconds: options?.totalTimeoutSeconds ?? undefined,
    mergeRequest: options?.mergeRequest ?? undefined,
    create: options?.createProject ?? undefined,
  }
  const overrides = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  return { idempotencyKey, overrides, files }
}

async function list(service: RepairService, { pageSize, pageToken }: z.output<typeof listSchema>) {
  const limit = pageSize === 0 ? 20 : pageSize
  const runs = await service.list(limit, pageToken === '' ? undefined : readToken(pageToken))
  const last = runs.at(-1)?.run
  const isFull = runs.length === limit && last !== undefined
  return { runs: runs.map(runMessage), nextPageToken: isFull ? `${last.createdAt}:${last.id}` : '' }
}

function readToken(token: string): { readonly createdAt: number; readonly id: string } {
  const [, createdAt, id] = /^(\d{1,16}):(.+)$/u.exec(token) ?? []
  if (createdAt === undefined || id === undefined)
    throw new GreenloopError('usage_invalid', 'the page_token is none of ours')
  return { createdAt: Number(createdAt), id }
}

function unary<S extends z.ZodType>(
  { token }: CallParts,
  schema: S,
  answer: (request: z.output<S>) => Promise<object>,
): (call: ServerUnaryCall<unknown, object>, done: sendUnaryData<object>) => void {
  return (call, done) => {
    if (!isAllowed(call.metadata, token)) return done(unauthenticated())
    const reply = async (): Promise<void> => {
      try {
        done(null, await answer(checked(schema, call.request)))
      } catch (error) {
        done(statusOf(error))
      }
    }
    void reply()
  }
}

function checked<S extends z.ZodType>(schema: S, request: unknown): z.output<S> {
  const { data, error } = schema.safeParse(request)
  if (error === undefined) return data
  const told = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
  throw new GreenloopError('usage_invalid', told)
}

async function streamed(call: ServerWritableStream<unknown, RunEventMessage>, parts: CallParts): Promise<void> {
  if (!isAllowed(call.metadata, parts.token)) return void call.emit('error', unauthenticated())
  try {
    await watchRun(call, checked(watchSchema, call.request), parts)
    call.end()
  } catch (error) {
    if (!call.cancelled) call.emit('error', statusOf(error))
  }
}

function isAllowed(metadata: Metadata, token: string | undefined): boolean {
  if (token === undefined) return true
  const sent = String(metadata.get('authorization')[0] ?? '').replace(/^bearer /iu, '')
  return isSameSecret(sent, token)
}
