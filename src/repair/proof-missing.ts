/** Words of a failure that comes from this machine and not from the code, with what they mean. */
const signs: readonly (readonly [RegExp, string])[] = [
  [/\b(?:ENOTFOUND|EAI_AGAIN|ENETUNREACH|ENOTCACHED|getaddrinfo|UnknownHostException)\b/, 'there is no network'],
  [/name resolution|failure resolving|Name or service not known|could not translate host name/, 'there is no network'],
  [/ould not resolve host|etwork is unreachable|dial tcp: lookup|trouble with your network/, 'there is no network'],
  [/in offline mode|ould not (?:transfer|find) artifact|ould not resolve (?:all|depend)/, 'there is no network'],
  [/No matching distribution found|failed to download/, 'there is no network'],
  [/\bECONNREFUSED\b|[Cc]onnection refused|Failed to establish a new connection/, 'a service is missing'],
  [/Cannot connect to the Docker daemon/, 'a service is missing'],
  [/\b(?:ModuleNotFoundError|ImportError)\b|No module named /, 'a Python module is missing'],
  [/Cannot find (?:module|package) '|ERR_MODULE_NOT_FOUND/, 'a Node module is missing'],
  [/command not found|: not found$/m, 'a command is missing'],
  [/No space left on device|Cannot allocate memory|[Rr]ead-only file system|EROFS/, 'the sandbox has no room for it'],
]

/** What this machine lacks, by the words of a failed command; `undefined` where nothing points there. */
export function missingHere(output: string): string | undefined {
  return signs.find(([sign]) => sign.test(output))?.[1]
}
