/** Sends one request; an answer of any status is a value: status, headers, text, and as body the value of JSON or other text. */
async function send(method, path, { query = {}, headers = {}, body } = {}) {
  const url = new URL(baseUrl.replace(/\/+$/u, '') + path.replaceAll('#', '%23'))
  for (const [key, value] of Object.entries(query)) url.searchParams.append(key, String(value))
  const data = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const type = data === undefined ? {} : { 'content-type': 'application/json' }
  const answer = await fetch(url, {
    method,
    headers: { accept: 'application/json', ...type, ...headers },
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
    ...(data === undefined ? {} : { body: data }),
  })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, text, body: parsed(text) }
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return text === '' ? null : text
  }
}

// vitest sets BASE_URL to `/`, so only a whole address counts.
const namedUrl = /^https?:/u.test(process.env.BASE_URL ?? '') ? process.env.BASE_URL : ''
let baseUrl = namedUrl || defaultBaseUrl
let service

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  return port
}

async function untilReady(log) {
  for (let tries = 0; tries < 300; tries++) {
    if (service.exitCode !== null)
      throw new Error(`the service ended with ${service.exitCode}: ${log.join('').slice(-2000)}`)
    try {
      await send('GET', ready)
      return
    } catch {
      await sleep(50)
    }
  }
  throw new Error(`the service did not answer ${ready} within 15 s`)
}

beforeAll(async () => {
  if (namedUrl || start.length === 0) return
  const port = await freePort()
  const [program, ...rest] = start.map((part) => part.replaceAll('{port}', String(port)))
  baseUrl = `http://127.0.0.1:${port}`
  const log = []
  service = spawn(program === 'node' ? process.execPath : program, rest, {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  service.on('error', (error) => log.push(String(error)))
  for (const stream of [service.stdout, service.stderr]) {
    stream.on('data', (piece) => {
      log.push(String(piece))
      log.splice(0, log.length - 100)
    })
  }
  await untilReady(log)
})

afterAll(async () => {
  if (service === undefined || service.exitCode !== null) return
  const gone = once(service, 'exit')
  service.kill()
  const kill = setTimeout(() => service.kill('SIGKILL'), 5000)
  await gone
  clearTimeout(kill)
})
