import { isObject, type Members, type Sourced } from './aliases.ts'
import { partsOf, placedObject } from './placed-values.ts'
import { lift, type Shape } from './schema-mapping.ts'

const serverNames: Readonly<Record<string, string>> = {
  url: 'baseUrl',
  endpoint: 'baseUrl',
  api_base: 'baseUrl',
  base: 'baseUrl',
  host: 'baseUrl',
  key: 'apiKey',
  token: 'apiKey',
  max_concurrency: 'concurrency',
  rate_control: 'rateLimit',
  rate: 'rateLimit',
  timeout: 'timeoutSeconds',
  ca_cert: 'caFile',
  ca: 'caFile',
}

/** How servers may be written besides their schema; a bare text is the base URL. */
export const serverShape: Shape = {
  aliases: serverNames,
  shorthand: (source) =>
    typeof source.value === 'string' ? { ...source, value: placedObject([['baseUrl', source]]) } : source,
  reshape(members, tools) {
    lift(members, 'limits', tools)
    const rate = members.get('rateLimit')
    if (typeof rate?.value === 'number') {
      members.set('rateLimit', { ...rate, value: placedObject([['perMinute', rate]]) })
    }
  },
}

/** How rate limits may be written besides their schema. */
export const rateShape: Shape = { aliases: { rpm: 'perMinute', requests_per_minute: 'perMinute' } }

/** How publishing may be written besides its schema; a bare text is the route. */
export const publishShape: Shape = {
  aliases: { via: 'route', mode: 'route', username: 'email', user: 'email', url: 'consoleUrl' },
  shorthand: (source) =>
    typeof source.value === 'string' ? { ...source, value: placedObject([['route', source]]) } : source,
}

/** How models may be written besides their schema. */
export const modelShape: Shape = {
  aliases: {
    url: 'baseUrl',
    endpoint: 'baseUrl',
    api_base: 'baseUrl',
    key: 'apiKey',
    token: 'apiKey',
    name: 'model',
    id: 'model',
    timeout: 'timeoutSeconds',
  },
}

/** Members of the one server that may stand at the top of an environment. */
const serverMembers = new Set([
  'baseUrl',
  'apiKey',
  'rateLimit',
  'limits',
  'concurrency',
  'timeoutSeconds',
  'headers',
  'publish',
  'caFile',
])

/** How environments may be written besides their schema; one server may stand at the top, or under `dify` or `server`. */
export const environmentShape: Shape = {
  aliases: {
    ...serverNames,
    base_url: 'baseUrl',
    api_key: 'apiKey',
    rate_limit: 'rateLimit',
    timeout_seconds: 'timeoutSeconds',
    ca_file: 'caFile',
    workflow_servers: 'servers',
    dify: 'server',
    workflow_server: 'server',
    llms: 'models',
    judges: 'models',
    pricing: 'prices',
  },
  reshape(members) {
    const server = members.get('server')
    const own = [...members].filter(([key]) => serverMembers.has(key))
    if (server === undefined && own.length === 0) return
    for (const [key] of own) members.delete(key)
    members.delete('server')
    addDefault(members, server, own)
  },
}

function addDefault(members: Members, server: Sourced | undefined, own: readonly (readonly [string, Sourced])[]): void {
  const at = server?.at ?? own[0]?.[1].at ?? []
  const isPlain = server !== undefined && !isObject(server.value)
  const usual = isPlain && own.length === 0 ? server : undefined
  const value = usual?.value ?? placedObject([...(server === undefined ? [] : partsOf(server)), ...own])
  const servers = members.get('servers')
  const others = servers === undefined ? [] : partsOf(servers)
  members.set('servers', { value: placedObject([['default', { value, at }], ...others]), at: servers?.at ?? at })
}
