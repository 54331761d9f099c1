import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { ApiError, createApiClient } from '../../../src/client/api-client.ts'
import type { UseMutationResult, UseQueryResult } from '@tanstack/react-query'
import type { ApiClient } from '../../../src/client/api-client.ts'
import type { Answer, OperationId, Sent } from '../../../src/client/types.ts'

export { ApiError } from '../../../src/client/api-client.ts'

/** The API of the server that this page comes from; the browser's cookie says who asks. */
export const api: ApiClient = createApiClient({ baseUrl: '' })

/** How a question is asked. */
interface AskOptions {
  /** Asks only while true. */
  readonly enabled?: boolean | undefined
  /** Asks again that often, in milliseconds, while the page is seen. */
  readonly every?: number | false | undefined
  /** Shows the answer before while another page or filter of the same list comes. */
  readonly keep?: boolean | undefined
}

/** Asks the API and keeps the answer under `[operation, sent]`. */
export function useApi<K extends OperationId>(
  operation: K,
  sent: Sent<K>,
  { enabled = true, every = false, keep = false }: AskOptions = {},
): UseQueryResult<Answer<K>> {
  return useQuery<Answer<K>>({
    queryKey: [operation, sent],
    queryFn: ({ signal }) => api.call(operation, sent, { signal }),
    enabled,
    refetchInterval: every,
    ...(keep ? { placeholderData: keepPreviousData } : {}),
  })
}

/** How something is sent. */
interface SendOptions<K extends OperationId> {
  /** Operations whose answers are stale afterwards. */
  readonly stale?: readonly OperationId[] | undefined
  readonly onDone?: ((answer: Answer<K>, sent: Sent<K>) => void) | undefined
  /** Of each thing that is sent: a header `If-Match`. */
  readonly ifMatch?: ((sent: Sent<K>) => string | undefined) | undefined
}

/** Sends something that changes the server. Buttons show `isPending`, so that nobody presses twice. */
export function useSend<K extends OperationId>(
  operation: K,
  { stale = [], onDone, ifMatch }: SendOptions<K> = {},
): UseMutationResult<Answer<K>, Error, Sent<K>> {
  const client = useQueryClient()
  return useMutation<Answer<K>, Error, Sent<K>>({
    mutationFn: (sent) => api.call(operation, sent, { idempotencyKey: randomKey(), ifMatch: ifMatch?.(sent) }),
    onSuccess: async (answer, sent) => {
      onDone?.(answer, sent)
      await Promise.all(stale.map((each) => client.invalidateQueries({ queryKey: [each] })))
    },
  })
}

/** Whether the server said that, by the name of its error: `run_unknown`. */
export function isProblem(error: unknown, name: string): boolean {
  return error instanceof ApiError && error.problem.name === name
}

/** `crypto.randomUUID` is not there on plain HTTP to another machine. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('-')
}
