import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { cli, startCli, temporary } from './cli.ts'
import type { Started } from './cli.ts'

interface Ready {
  readonly url: string
  readonly link: string
  readonly tokenFile: string
  readonly pid: number
}

async function ready(server: Started): Promise<Ready> {
  while (!server.stdout().includes('\n')) {
    await Promise.race([pause(50), server.ended.then(({ stderr }) => Promise.reject(new Error(stderr)))])
  }
  return JSON.parse(server.stdout()) as Ready
}

it('serves a folder: link, token, page or its absence, a second link, and an orderly end', async () => {
  await using folder = await temporary()
  const env = { GREENLOOP_STORE: join(folder.path, '.greenloop', 'greenloop.db') }
  const where = { cwd: folder.path, env }
  await writeFile(join(folder.path, 'notes.txt'), 'not served')
  const server = startCli(['serve', '--json', '--port', '0', '--drain', '0'], where)
  const { url, link, tokenFile, pid } = await ready(server)
  expect((await stat(tokenFile)).mode & 0o777).toBe(0o600)
  const headers = { Authorization: `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}` }
  const session = (await (await fetch(`${url}/v1/session`, { headers })).json()) as { scope: string }
  expect(session.scope).toBe('admin')
  expect((await fetch(`${url}/notes.txt`)).status).toBe(404)

  const login = (code: string) =>
    fetch(`${url}/v1/session`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ code }),
    })
  const code = link.slice(`${url}/#code=`.length)
  expect((await login(code)).status).toBe(200)
  expect((await login(code)).status).toBe(403)
  const again = await cli(['serve', 'link', '--json'], where)
  const { link: other } = JSON.parse(again.stdout) as { link: string }
  expect((await login(other.slice(`${url}/#code=`.length))).status).toBe(200)

  const second = await cli(['serve', '--port', '0'], where)
  expect([second.code, second.stderr]).toEqual([3, expect.stringContaining(`the process ${pid}`)])

  const stream = await fetch(`${url}/v1/events`, { headers })
  server.kill('SIGTERM')
  const ended = await server.ended
  expect(ended.code).toBe(0)
  await stream.text().catch(() => '')
  expect(ended.stderr).not.toContain(headers.Authorization.slice(7))
  const late = await cli(['serve', 'link'], where)
  expect([late.code, late.stderr]).toEqual([3, expect.stringContaining('no server runs')])
})

it.each([
  ['--host', '0.0.0.0', 'GL1313'],
  ['--tls-cert', 'missing.pem', 'go together'],
  ['--port', '65536', 'at most 65535'],
  ['--allow-host', 'http://x/', 'no name or address'],
])('refuses %s %s with words', async (option, value, words) => {
  await using folder = await temporary()
  const { code, stderr } = await cli(['serve', '--port', '0', option, value], { cwd: folder.path })
  expect([code, stderr]).toEqual([2, expect.stringContaining(words)])
})
