import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callOf, quietly, startBench, summary } from '../../tests/support/dify-bench.ts'
import type { FileSpec } from '../domain/case.ts'
import { classify } from '../engine/classify.ts'

let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dify-files-'))
  await writeFile(join(folder, 'note.txt'), 'rain\r\nand "wind"')
  await writeFile(join(folder, 'tool.exe'), 'MZ')
})

afterAll(() => rm(folder, { recursive: true }))

const note: FileSpec = { path: 'note.txt', type: 'document' }
const start = (form: readonly Record<string, unknown>[] = []) =>
  startBench({ app: { mode: 'workflow', script: () => summary, form }, setup: { folder } })

describe('files of a call', () => {
  it('are uploaded under the user of the call and named in it', async () => {
    await using bench = await start()
    const remote: FileSpec = { url: 'https://files.example/sky.png', type: 'image' }
    await bench.target.call(callOf({ files: [note, remote] }), quietly())
    expect(bench.server.uploads).toEqual([{ id: 'file-1', user: 'gl-1', name: 'note.txt', text: 'rain\r\nand "wind"' }])
    expect(bench.server.runs[0]?.call.files).toEqual([
      { type: 'document', transfer_method: 'local_file', upload_file_id: 'file-1' },
      { type: 'image', transfer_method: 'remote_url', url: 'https://files.example/sky.png' },
    ])
  })

  it('are uploaded once for each user', async () => {
    await using bench = await start()
    for (const user of ['one', 'one', 'two']) await bench.target.call(callOf({ user, files: [note] }), quietly())
    expect(bench.server.uploads.map(({ user }) => user)).toEqual(['one', 'two'])
  })

  it('go into the inputs that take them, in a list where the input wants one', async () => {
    await using bench = await start([{ 'file-list': { variable: 'many' } }, { file: { variable: 'single' } }])
    const files = [
      { ...note, input: 'many' },
      { ...note, input: 'single' },
    ]
    await bench.target.call(callOf({ files }), quietly())
    const file = { type: 'document', transfer_method: 'local_file', upload_file_id: 'file-1' }
    expect(bench.server.runs[0]?.call.inputs).toEqual({ topic: 'rain', many: [file], single: file })
  })

  it('stop the call before anything is paid where they cannot be read or are not taken', async () => {
    await using bench = await start()
    const missing = callOf({ files: [{ path: 'gone.txt', type: 'document' }] })
    await expect(bench.target.call(missing, quietly())).rejects.toMatchObject({ code: 'file_missing' })
    const program = callOf({ files: [{ path: 'tool.exe', type: 'custom' }] })
    await expect(bench.target.call(program, quietly())).rejects.toMatchObject({ code: 'target_refused' })
    expect(bench.server.executions()).toBe(0)
  })

  it('may be sent again where the upload broke down: nothing was paid', async () => {
    await using bench = await startBench({
      app: { mode: 'workflow', script: () => summary },
      setup: { folder },
      intercept: ({ path }) => (path === 'files/upload' ? 'hang_up' : undefined),
    })
    const error: unknown = await bench.target
      .call(callOf({ files: [note] }), quietly())
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'target_failed' })
    expect(classify(error).retryable).toBe(true)
  })
})
