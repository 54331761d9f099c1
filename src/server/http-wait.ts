import { isOver } from '../app/standing.ts'
import type { ServiceContext } from '../app/service-context.ts'
import type { OperationId } from '../client/routes.ts'
import { after, every } from '../lib/clock.ts'

const starts: ReadonlySet<OperationId> = new Set([
  'startGeneration',
  'startExecution',
  'startPipeline',
  'startExperiment',
  'startRepair',
])
const longestSeconds = 30
/** Runs of which another process is told are looked for this often. */
const lookMs = 500

/** Seconds that a caller wishes to wait for the end of what it starts: `Prefer: wait=10`. At most 30; `undefined` where it does not. */
export function waitWish(id: OperationId, request: Request): number | undefined {
  if (!starts.has(id)) return undefined
  const wish = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?\s*(?:[,;]|$)/iu.exec(request.headers.get('prefer') ?? '')?.[1]
  return wish === undefined ? undefined : Math.min(Number(wish), longestSeconds)
}

/** Waits until a run is over, the time has passed, or the signal aborts. */
export async function whenOver(
  { store, runs }: Pick<ServiceContext, 'store' | 'runs'>,
  id: string,
  { seconds, signal }: { readonly seconds: number; readonly signal: AbortSignal },
): Promise<void> {
  const isDone = async (): Promise<boolean> => {
    const run = await store.find(id)
    return run === undefined || isOver(run)
  }
  if (seconds === 0 || signal.aborted || (await isDone())) return
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const look = (): void => void isDone().then((is) => is && resolve(), reject)
  const deadline = after(seconds * 1000, resolve)
  const looking = every(lookMs, look)
  const unsubscribe = runs.onChange((run) => run.id === id && isOver(run) && resolve())
  signal.addEventListener('abort', () => resolve(), { once: true })
  try {
    await promise
  } finally {
    deadline.cancel()
    looking.cancel()
    unsubscribe()
  }
}
