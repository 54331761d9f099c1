import type { z } from 'zod'
import { adminRoutes } from './routes-admin.ts'
import { runsRoutes } from './routes-runs.ts'
import { workRoutes } from './routes-work.ts'

/** Every operation of the API by its id. Server, document, client and page are all made from this table. */
export const routes = { ...runsRoutes, ...workRoutes, ...adminRoutes } as const

/** Id of an operation. */
export type OperationId = keyof typeof routes

type Routes = typeof routes
type Taken<K extends OperationId, Part extends 'params' | 'query' | 'body'> = Routes[K] extends {
  readonly [P in Part]: infer S extends z.ZodType
}
  ? S
  : undefined

/** What a handler is given, checked and with every default filled. */
export interface Given<K extends OperationId> {
  readonly params: Taken<K, 'params'> extends z.ZodType ? z.output<Taken<K, 'params'>> : undefined
  readonly query: Taken<K, 'query'> extends z.ZodType ? z.output<Taken<K, 'query'>> : undefined
  readonly body: Taken<K, 'body'> extends z.ZodType ? z.output<Taken<K, 'body'>> : undefined
}

/** What a caller sends. */
export type Sent<K extends OperationId> = (Taken<K, 'params'> extends z.ZodType
  ? { readonly params: z.input<Taken<K, 'params'>> }
  : { readonly params?: undefined }) &
  (Taken<K, 'query'> extends z.ZodType
    ? { readonly query?: z.input<Taken<K, 'query'>> }
    : { readonly query?: undefined }) &
  (Taken<K, 'body'> extends z.ZodType ? { readonly body: z.input<Taken<K, 'body'>> } : { readonly body?: undefined })

/** What comes back as JSON; `undefined` for 204 and for answers that are no JSON. */
export type Answer<K extends OperationId> = Routes[K] extends { readonly answer: infer A extends z.ZodType }
  ? z.output<A>
  : undefined
