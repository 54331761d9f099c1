import { GreenloopError } from '../domain/errors.ts'
import type { GitEnd } from './git-run.ts'

/** Why a call to the host went wrong. */
export type RemoteFailure =
  /** The token is refused. */
  | 'auth'
  /** The host does not take this push: a protected branch, a hook of its own. */
  | 'declined'
  /** The branch is not where it was expected. */
  | 'stale'
  | 'missing'
  | 'certificate'
  | 'redirect'
  /** Something else than git answers. */
  | 'garbled'
  /** Worth another attempt. */
  | 'network'
  | 'other'

// Tried in this order. A hook of the host may print anything, so what it declines is seen first.
const signs: readonly (readonly [RemoteFailure, RegExp])[] = [
  [
    'stale',
    /\((?:stale info|fetch first|non-fast-forward|needs force|already exists)\)|cannot lock ref|Unable to create '[^']{0,4000}\.lock'|failed to update ref/,
  ],
  ['declined', /\[remote rejected\]|hook declined/],
  [
    'auth',
    /returned error: (?:401|403)|Authentication failed|could not read (?:Username|Password)|HTTP Basic: Access denied/i,
  ],
  ['redirect', /returned error: 30\d|unable to update url base from redirection/],
  ['missing', /returned error: 404|repository '[^']{0,2000}' not found/],
  ['certificate', /certificate (?:problem|verif|authority)|SSL certificate|unable to get local issuer/i],
  ['garbled', /not valid: is this a git repository/],
  [
    'network',
    /returned error: (?:408|425|429|5\d\d)|Could not resolve|Failed to connect|Couldn't connect|Connection (?:refused|reset|timed out|was)|Recv failure|Send failure|Empty reply|Operation (?:too slow|timed out)|early EOF|unexpected disconnect|hung up|RPC failed|transfer closed|SSL_|TLS|HTTP\/2 stream|invalid index-pack output|unexpected eof/i,
  ],
]

/** Why a call to the host went wrong, by what git said. */
export function remoteFailure(end: GitEnd): RemoteFailure {
  if (end.timedOut) return 'network'
  return signs.find(([, pattern]) => pattern.test(end.words))?.[0] ?? 'other'
}

/** The error for a call to the host. */
export function remoteError(action: string, end: GitEnd): GreenloopError {
  const words = end.timedOut ? 'it took too long' : end.words || `exit code ${end.exitCode ?? 'none'}`
  const message = `git ${action}: ${words}`
  switch (remoteFailure(end)) {
    case 'auth':
      return new GreenloopError('git_auth_failed', message)
    case 'declined':
      return new GreenloopError('git_refused', `the host does not take the push: ${words}`, {
        help: 'let the token push to branches below `greenloop/`: look at the protected branches and push rules',
      })
    case 'stale':
      return new GreenloopError(action === 'push' ? 'repair_conflict' : 'git_failed', message)
    case 'missing':
      return new GreenloopError('forge_not_found', message)
    case 'garbled':
      return new GreenloopError('forge_garbled', message)
    case 'network':
      return new GreenloopError('forge_unavailable', message)
    case 'redirect':
      return new GreenloopError('git_failed', message, {
        why: 'the host answers with another address, and the token is never sent on',
        help: 'give the address that it redirects to as gitlab_url',
      })
    case 'certificate':
      return new GreenloopError('git_failed', message, { help: 'name the authority of the host in gitlab_ca_file' })
    case 'other':
      return new GreenloopError('git_failed', message)
  }
}
