import { once } from 'node:events'
import { createServer } from 'node:http'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createApiClient } from '../client/api-client.ts'
import type { ApiArtifact, ApiRunDetail } from '../client/types.ts'
import { fetchFiles, fetchText } from './remote-files.ts'
import type { Remote } from './remote-connect.ts'

/** What a server gives for each artifact, whatever it has told of it. */
const content = 'sixteen bytes ok'
const server = createServer((_request, response) => response.end(content))
let folder: string
let remote: Remote

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-fetch-'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  remote = { url, client: createApiClient({ baseUrl: url }) }
})

afterEach(async () => {
  server.close()
  server.closeAllConnections()
  await rm(folder, { recursive: true, force: true })
})

const run = (...artifacts: readonly Partial<ApiArtifact>[]): ApiRunDetail =>
  ({ id: 'r1', artifacts: artifacts.map((each) => ({ id: 'a', bytes: content.length, ...each })) }) as ApiRunDetail

it('puts files where their names say, below a folder of the run', async () => {
  const to = await fetchFiles(run({ name: 'a.txt' }, { name: 'deep/b.txt' }), folder, remote)
  expect(to).toBe(join(folder, 'r1'))
  expect(await readFile(join(to, 'deep', 'b.txt'), 'utf8')).toBe(content)
})

it('leaves nothing of a file whose size is not the one that was told', async () => {
  for (const bytes of [15, 17]) {
    await expect(fetchFiles(run({ name: 'a.txt', bytes }), join(folder, `${bytes}`), remote)).rejects.toMatchObject({
      code: 'artifact_failed',
      message: expect.stringContaining(`instead of ${bytes}`),
    })
    expect(await readdir(join(folder, `${bytes}`, 'r1'))).toEqual([])
  }
  await expect(fetchText(run({ name: 'a.txt', bytes: 3 }), 'a.txt', remote)).rejects.toThrow('instead of 3')
})

it.each(['../up', '/etc/x', 'a/../../b', 'a//b', '', 'C:\\x', 'a\nb', 'x\\..\\y'])(
  'writes nothing to %j',
  async (name) => {
    await expect(fetchFiles(run({ name: 'a.txt' }, { name }), folder, remote)).rejects.toThrow('outside')
    expect(await readdir(folder)).toEqual([])
  },
)

it('writes over no run that was fetched before', async () => {
  await fetchFiles(run({ name: 'a.txt' }), folder, remote)
  await expect(fetchFiles(run({ name: 'a.txt' }), folder, remote)).rejects.toMatchObject({ code: 'artifact_failed' })
})
