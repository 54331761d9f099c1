import type { ServiceContext } from '../app/service-context.ts'
import type { Handlers } from './handler.ts'

/** Operations on patches that somebody proposes. */
export function patchHandlers(service: ServiceContext): Handlers<'checkPatch'> {
  return {
    checkPatch: async ({ body }) => {
      const { checkPatchText } = await import('../app/patch-check.ts')
      return checkPatchText(service, body.diff)
    },
  }
}
