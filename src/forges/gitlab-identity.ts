import { z } from 'zod'
import { GreenloopError } from '../domain/errors.ts'
import type { Forge } from '../domain/forge.ts'
import type { GitLabApi } from './gitlab-api.ts'
import { optionalText } from './gitlab-fields.ts'

const userSchema = z.object({ username: z.string().min(1) })
const tokenSchema = z.object({ scopes: z.array(z.string()).nullish(), expires_at: optionalText })

/** The calls about whoever the token stands for. */
export function identityCalls(
  api: GitLabApi,
): Pick<Forge, 'identify'> & { readonly username: (signal: AbortSignal) => Promise<string> } {
  let known: string | undefined
  const username = async (signal: AbortSignal): Promise<string> => {
    known ??= (await api.read({ path: '/user', schema: userSchema }, signal)).username
    return known
  }
  return {
    username,
    identify: async (signal) => {
      const user = await api.read({ path: '/user', schema: userSchema }, signal)
      known = user.username
      const token = await api
        .read({ path: '/personal_access_tokens/self', schema: tokenSchema }, signal)
        .catch((error: unknown) => {
          // Other kinds of tokens, and older hosts, do not tell.
          const { code } = error instanceof GreenloopError ? error : { code: undefined }
          if (code !== 'forge_auth_failed' && code !== 'forge_not_found' && code !== 'forge_rejected') throw error
          return { scopes: undefined, expires_at: undefined }
        })
      return { username: user.username, scopes: token.scopes ?? undefined, expiresOn: token.expires_at }
    },
  }
}
