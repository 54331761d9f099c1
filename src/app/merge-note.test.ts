import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { execution } from '../../tests/fixtures/executions.ts'
import { canary, startServer } from '../forges/gitlab.fixture.ts'
import { createWorld } from '../forges/gitlab-world.fixture.ts'
import { toSummary } from '../report/summary.ts'
import { writeMergeNote } from './merge-note.ts'

test('the merge request of the pipeline gets one comment, which later runs change', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'greenloop-note-'))
  const world = createWorld()
  await using server = await startServer((seen) => world.answer(seen))
  const env = { CI_SERVER_URL: server.url, CI_PROJECT_ID: '1', CI_MERGE_REQUEST_IID: '12', GITLAB_TOKEN: canary }
  const where = { cwd: folder, env, signal: new AbortController().signal }
  const write = (runId: string) =>
    writeFile(join(folder, 'summary.json'), JSON.stringify(toSummary(execution({ runId }), {})))
  try {
    await write('one')
    await writeMergeNote({ run: 'summary.json', dryRun: false }, where)
    const again = await writeMergeNote({ run: 'summary.json', reportUrl: 'https://ci.example/1', dryRun: false }, where)
    const own = world.state.notes.filter(({ body }) => String(body).includes('greenloop run'))
    expect(own).toHaveLength(1)
    expect(own[0]).toMatchObject({ body: expect.stringContaining('https://ci.example/1') as string })
    expect(again).toMatchObject({ iid: 12, text: expect.stringContaining('red') as string })
    const outside = writeMergeNote({ run: 'summary.json', dryRun: false }, { ...where, env: {} })
    await expect(outside).rejects.toMatchObject({ code: 'usage_invalid' })
    const { GITLAB_TOKEN: _none, ...withoutToken } = env
    const without = writeMergeNote({ run: 'summary.json', dryRun: false }, { ...where, env: withoutToken })
    await expect(without).rejects.toMatchObject({ code: 'forge_auth_failed' })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
