import { z } from 'zod'
import { nameSchema, runIdSchema } from '../domain/api-common.ts'
import type { Scope } from '../domain/api-common.ts'

/** One operation of the API: what it takes, what it gives, and who may ask. */
export interface RouteSpec {
  readonly method: 'get' | 'post' | 'put' | 'delete'
  /** With `{name}` for parameters. */
  readonly path: string
  readonly summary: string
  readonly tag: string
  /** What a caller must be allowed to do; `none` needs no caller. */
  readonly scope: Scope | 'none'
  readonly params?: z.ZodObject | undefined
  readonly query?: z.ZodObject | undefined
  readonly body?: z.ZodType | undefined
  readonly status: 200 | 201 | 202 | 204
  /** JSON that comes back; absent for 204 and for {@link media}. */
  readonly answer?: z.ZodType | undefined
  /** Media type of an answer that is no JSON. */
  readonly media?: string | undefined
}

/** A run in the path. */
export const runParams = z.object({ id: runIdSchema })
/** A task of a run in the path. */
export const taskParams = z.object({ id: runIdSchema, seq: z.coerce.number().int().min(0).max(2_147_483_647) })
/** An id that says nothing to anybody but the server. */
export const opaque = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)
/** Something with such an id in the path. */
export const idParams = z.object({ id: opaque })
/** Something that people have named, in the path. */
export const nameParams = z.object({ name: nameSchema })
/** A list that is never long. */
export const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) })
/** A table of operations. */
export type RouteTable = Readonly<Record<string, RouteSpec>>
