import { routes } from '../client/routes.ts'
import type { OperationId } from '../client/routes.ts'

/** These compute an answer and change nothing, though they send a body. */
const pure: ReadonlySet<OperationId> = new Set(['checkSuite', 'previewPlan', 'combine', 'checkModel', 'checkPatch'])

/** Whether an operation changes something, so that the book of changes has a line for it. */
export function isChange(id: OperationId): boolean {
  return routes[id].method !== 'get' && !pure.has(id)
}
