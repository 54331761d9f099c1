import { combineModel } from '../app/combinations.ts'
import type { ServiceContext } from '../app/service-context.ts'
import type { Handlers } from './handler.ts'

/** Combinations of the values of a model. */
export function combinationHandlers(_service: ServiceContext): Handlers<'combine'> {
  return { combine: ({ body }, { signal }) => combineModel(body, signal) }
}
