import type { ErrorEntry } from './error-entry.ts'

/** What goes wrong between the service and those who talk to it. */
export const serviceErrors = {
  token_missing: {
    id: 'GL1301',
    exit: 3,
    title: 'the server wants a token',
    explanation:
      'Every call needs a bearer token or the cookie of the page. `greenloop serve` says in which file the first one lies; more are made on the settings page. The command line takes GREENLOOP_TOKEN.',
  },
  token_refused: {
    id: 'GL1302',
    exit: 3,
    title: 'the token does not allow this',
    explanation:
      'Tokens have a scope: `read` looks, `run` starts and ends runs, `admin` changes settings, secrets and tokens. It may also be expired or revoked.',
  },
  host_refused: {
    id: 'GL1303',
    exit: 3,
    title: 'the server is not known by this name',
    explanation:
      'A page elsewhere can point a name of its own at this machine; only names that the server was told of are answered. Add the name with --allow-host.',
  },
  origin_refused: {
    id: 'GL1304',
    exit: 3,
    title: 'the request comes from another site',
    explanation:
      'Changes are taken from the page of the server itself, or from programs with a bearer token and no Origin.',
  },
  body_invalid: {
    id: 'GL1305',
    exit: 2,
    title: 'the request is not as the API wants it',
    explanation: 'Each problem names its place as a JSON pointer. The whole description is at /v1/openapi.json.',
  },
  body_too_large: {
    id: 'GL1306',
    exit: 2,
    title: 'the request is too large or too deeply nested',
    explanation: 'The limit and what sets it stand in the message.',
  },
  rate_limited: {
    id: 'GL1307',
    exit: 6,
    title: 'there were too many requests',
    explanation: 'Wait for as long as Retry-After says.',
  },
  idempotency_conflict: {
    id: 'GL1308',
    exit: 2,
    title: 'the Idempotency-Key was used for another request',
    explanation:
      'A key stands for one request with one body, for 24 hours. Take a new key for a new request; while the first is still in flight, wait for it.',
  },
  version_conflict: {
    id: 'GL1309',
    exit: 3,
    title: 'somebody else has changed it meanwhile',
    explanation: 'Read it again, and send its ETag as If-Match.',
  },
  entry_unknown: {
    id: 'GL1310',
    exit: 2,
    title: 'there is no such thing on the server',
    explanation: 'It was removed, or its name or id is mistyped.',
  },
  path_refused: {
    id: 'GL1311',
    exit: 2,
    title: 'the path leads out of the served folder',
    explanation:
      'The server works on the folder it was started in, and follows no path or symbolic link that leads out of it.',
  },
  server_running: {
    id: 'GL1312',
    exit: 3,
    title: 'another server works on the same store',
    explanation:
      'One embedded store has one server. Stop the other one, or give this one a store of its own with --store. Several servers share a PostgreSQL database.',
  },
  server_exposed: {
    id: 'GL1313',
    exit: 2,
    title: 'the server would be open to others without protection',
    explanation:
      'Behind any address but the loopback a certificate is wanted (--tls-cert and --tls-key), or --insecure-http where something in front of it speaks TLS.',
  },
  server_unreachable: {
    id: 'GL1314',
    exit: 3,
    title: 'the Greenloop server cannot be reached',
    explanation: 'Nothing answers at the address of --server (GREENLOOP_SERVER). `greenloop serve` starts one.',
  },
  server_garbled: {
    id: 'GL1315',
    exit: 3,
    title: 'what answers is no Greenloop server',
    explanation: 'The answer is not in the form of the API. A proxy or a wrong address is the usual cause.',
  },
  secret_unknown: {
    id: 'GL1316',
    exit: 2,
    title: 'there is no such secret on the server',
    explanation: 'Set it on the settings page, or with PUT /v1/secrets/NAME.',
  },
  model_unknown: {
    id: 'GL1317',
    exit: 2,
    title: 'there is no such model on the server',
    explanation: '`GET /v1/models` lists them; an administrator adds one on the settings page.',
  },
  page_missing: {
    id: 'GL1318',
    exit: 3,
    title: 'the web page was not built',
    explanation: 'In a checkout: `npm run build:web`. The package of the registry brings it along.',
  },
  address_refused: {
    id: 'GL1319',
    exit: 2,
    title: 'the address may not be called from here',
    explanation:
      'Webhooks do not go to addresses of the own machine, of private networks or of cloud metadata unless that was allowed for them.',
  },
  secret_locked: {
    id: 'GL1320',
    exit: 3,
    title: 'the secret was locked with another key',
    explanation:
      'Secrets are locked with GREENLOOP_SECRET_KEY, or with the file server-key beside the store. The key has changed since. Bring the old key back, or set the secret anew.',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>
