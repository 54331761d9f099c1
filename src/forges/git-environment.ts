import { GreenloopError } from '../domain/errors.ts'

/** What the environment of every call of git is made of. */
export interface GitSettings {
  /** The bare repository. */
  readonly folder: string
  /** An empty folder. */
  readonly home: string
  readonly url: URL
  readonly token: string
  /** PATH for finding git. */
  readonly path: string
  /** File with the certificate authority of the host. */
  readonly caFile?: string | undefined
}

/** User that GitLab expects beside a token. */
export const tokenUser = 'oauth2'

const fixedConfig: Readonly<Record<string, string>> = {
  'core.askPass': '',
  'core.attributesFile': '/dev/null',
  'core.excludesFile': '/dev/null',
  'core.fsmonitor': 'false',
  'core.hooksPath': '/dev/null',
  'core.protectHFS': 'true',
  'core.protectNTFS': 'true',
  'core.quotePath': 'false',
  'core.symlinks': 'false',
  'credential.helper': '',
  'fetch.recurseSubmodules': 'false',
  'fetch.writeCommitGraph': 'false',
  'gc.auto': '0',
  // Slower than a kilobyte a second for a minute is a connection that hangs.
  'http.lowSpeedLimit': '1000',
  'http.lowSpeedTime': '60',
  'http.followRedirects': 'false',
  'http.sslVerify': 'true',
  'i18n.logOutputEncoding': 'UTF-8',
  'maintenance.auto': 'false',
  'protocol.allow': 'never',
  'protocol.https.allow': 'always',
  'push.followTags': 'false',
  'push.gpgSign': 'false',
  'push.recurseSubmodules': 'no',
  'safe.bareRepository': 'explicit',
  'submodule.recurse': 'false',
  'transfer.bundleURI': 'false',
}

/**
 * The whole environment of git: nothing of ours is handed on, and what is set here counts before the repository's own
 * configuration. The token goes in a header to the origin of the host alone, and stands nowhere else.
 */
export function gitEnvironment(settings: GitSettings): Readonly<Record<string, string>> {
  const { url, token } = settings
  const credentials = Buffer.from(`${tokenUser}:${token}`).toString('base64')
  const config: Readonly<Record<string, string>> = {
    ...fixedConfig,
    ...(url.protocol === 'http:' ? { 'protocol.http.allow': 'always' } : {}),
    ...(settings.caFile === undefined ? {} : { 'http.sslCAInfo': settings.caFile }),
    [`http.${url.origin}/.extraHeader`]: `Authorization: Basic ${credentials}`,
  }
  return {
    PATH: settings.path,
    HOME: settings.home,
    LC_ALL: 'C',
    GIT_DIR: settings.folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_LITERAL_PATHSPECS: '1',
    ...configVariables(Object.entries(config)),
  }
}

function configVariables(entries: readonly (readonly [string, string])[]): Record<string, string> {
  const pairs = entries.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ])
  return { GIT_CONFIG_COUNT: String(entries.length), ...Object.fromEntries(pairs) }
}

/**
 * Reads the address of a repository: https, or http to this machine, without credentials. Throws `git_refused` for any other,
 * never quoting it, since it may hold a password.
 */
export function readAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || /[\u0000-\u0020\u007f]/.test(text)) {
    throw new GreenloopError('git_refused', 'the address of the repository is no URL')
  }
  if (url.username !== '' || url.password !== '') {
    throw new GreenloopError('git_refused', 'the address of the repository holds credentials', {
      why: 'they would be written to disk; the token is sent in a header',
    })
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw new GreenloopError('git_refused', `git does not go to ${url.protocol}//${url.host}`, {
      why: 'the token would travel in the open; only https is allowed, and http to this machine',
    })
  }
  return url
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
