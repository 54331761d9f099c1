import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openService } from '../app/service.ts'
import type { Service } from '../app/service.ts'
import { createApiClient } from '../client/api-client.ts'
import type { ApiClient } from '../client/api-client.ts'
import type { ApiArtifact } from '../client/types.ts'
import { startHttp } from './http-server.ts'
import type { HttpServer } from './http-server.ts'

let root: string
let service: Service
let server: HttpServer
let client: ApiClient
let listed: readonly ApiArtifact[]
const id = 'r1'
const digits = '0123456789'.repeat(40_000)

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'greenloop-artifacts-'))
  await mkdir(join(root, '.git'))
  const env = { PATH: process.env['PATH'] }
  service = await openService({}, { cwd: root, env, signal: new AbortController().signal })
  server = await startHttp(service, { port: 0, version: '1' })
  const { token } = await server.access.createToken({ name: 'reader', scope: 'read' })
  client = createApiClient({ baseUrl: server.url, token })
  const folder = join(root, 'artifacts', id)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'report.html'), '<script>1</script>')
  await writeFile(join(folder, 'page.html'), '<script>1</script>')
  await writeFile(join(folder, 'pytest_stdout.log'), digits)
  await writeFile(join(folder, 'отчёт "1".zip'), 'zip')
  await symlink('/etc/hostname', join(folder, 'name.txt'))
  await service.store.create({ id, kind: 'execute', title: 'x', input: {}, folder })
  listed = (await client.call('listArtifacts', { params: { id } })).items
})

afterAll(async () => {
  await server.close(0)
  await service.close(0)
  await rm(root, { recursive: true, force: true })
})

type View = 'download' | 'text' | 'page'

function get(name: string, view?: View, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const artifact = listed.find((each) => each.name === name)?.id ?? 'none'
  return client.response('getArtifact', { params: { id, artifact }, query: { view } }, { headers })
}

test('files are downloaded under their names, and never run in the page', async () => {
  expect(listed.map(({ name }) => name)).toEqual(['page.html', 'pytest_stdout.log', 'report.html', 'отчёт "1".zip'])
  const whole = await get('pytest_stdout.log')
  expect(await whole.text()).toBe(digits)
  expect(whole.headers.get('content-length')).toBe('400000')
  expect(whole.headers.get('content-disposition')).toMatch(/^attachment; filename="pytest_stdout.log"/)
  const zip = await get('отчёт "1".zip')
  expect(zip.headers.get('content-disposition')).toBe(
    `attachment; filename="_____ _1_.zip"; filename*=UTF-8''%D0%BE%D1%82%D1%87%D1%91%D1%82%20%221%22.zip`,
  )
  expect(await zip.text()).toBe('zip')
  const page = await get('report.html', 'page')
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.headers.get('content-security-policy')).toMatch(/^sandbox allow-scripts; default-src 'none'/)
  const text = await get('report.html', 'text')
  expect(text.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect(text.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/)
  await expect(get('page.html', 'page')).rejects.toMatchObject({ status: 400 })
  await expect(get('отчёт "1".zip', 'text')).rejects.toMatchObject({ status: 400 })
})

test('a part of a file is served, unless the file has changed', async () => {
  const name = 'pytest_stdout.log'
  const part = async (range: string, more = {}) => {
    const response = await get(name, undefined, { range, ...more })
    return [response.status, response.headers.get('content-range'), (await response.text()).length]
  }
  expect(await part('bytes=10-19')).toEqual([206, 'bytes 10-19/400000', 10])
  expect(await part('bytes=399990-')).toEqual([206, 'bytes 399990-399999/400000', 10])
  expect(await part('bytes=-5')).toEqual([206, 'bytes 399995-399999/400000', 5])
  expect(await part('bytes=0-1,4-5')).toEqual([200, null, 400_000])
  await expect(part('bytes=400000-')).rejects.toMatchObject({ status: 416 })
  const etag = (await get(name)).headers.get('etag') ?? ''
  expect(await part('bytes=0-0', { 'if-range': etag })).toEqual([206, 'bytes 0-0/400000', 1])
  expect(await part('bytes=0-0', { 'if-range': '"other"' })).toEqual([200, null, 400_000])
  await expect(get(name, undefined, { 'if-none-match': etag })).rejects.toMatchObject({ status: 304 })
})

test('a download that is broken off holds nothing back', async () => {
  for (let round = 0; round < 20; round++) await (await get('pytest_stdout.log')).body?.cancel()
  expect(await (await get('pytest_stdout.log', undefined, { range: 'bytes=0-3' })).text()).toBe('0123')
})

test('a bundle that is not there yet is told in words', async () => {
  const missing = client.response('getBundle', { params: { id } })
  await expect(missing).rejects.toMatchObject({
    status: 404,
    problem: { name: 'entry_unknown', why: /when the run ends/ },
  })
  await writeFile(join(root, 'artifacts', id, 'bundle.zip'), 'PK')
  const bundle = await client.response('getBundle', { params: { id } })
  expect(bundle.headers.get('content-disposition')).toContain('filename="greenloop-r1.zip"')
  expect(await bundle.text()).toBe('PK')
})

test('logs are read through the API, whole ones by head and tail', async () => {
  const log = await client.call('getLog', { params: { id, log: 'stdout' }, query: { bytes: 1000 } })
  expect(log).toMatchObject({ bytes: 400_000, omitted: 399_000, isOver: false, next: 400_000 })
  expect(log.head?.length).toBe(500)
  await expect(client.call('getLog', { params: { id: 'nobody', log: 'stdout' } })).rejects.toMatchObject({
    status: 404,
  })
})

test('a stream goes over the real server with its headers', async () => {
  const response = await client.response('listEvents', { params: { id } }, { headers: { accept: 'text/event-stream' } })
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(response.headers.get('x-request-id')).toMatch(/^[0-9A-Z]{26}$/)
  await response.body?.cancel()
})

test('a server that is no server of ours, or none, is told apart', async () => {
  const page = createApiClient({ baseUrl: 'http://x', fetch: async () => new Response('<html>', { status: 502 }) })
  await expect(page.call('listRuns', {})).rejects.toMatchObject({ code: 'server_garbled', status: 502 })
  const html = createApiClient({
    baseUrl: 'http://x',
    fetch: async () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
  })
  await expect(html.call('listRuns', {})).rejects.toMatchObject({ code: 'server_garbled' })
  const nobody = createApiClient({ baseUrl: 'http://127.0.0.1:9' })
  await expect(nobody.call('listRuns', {})).rejects.toMatchObject({ code: 'server_unreachable' })
  const gone = AbortSignal.abort(new Error('enough'))
  await expect(nobody.call('listRuns', {}, { signal: gone })).rejects.toThrow('enough')
})
