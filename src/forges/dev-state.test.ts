import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import { startTestHost } from './dev-gitlab.fixture.ts'
import { openDevStore } from './dev-state.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-dev-state-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('the state of the test GitLab', () => {
  it('is there again with all changes that were saved', async () => {
    const store = await openDevStore(folder)
    for (let count = 0; count < 50; count++) {
      store.state.groups.push({ id: store.nextId(), path: `g${count}` })
      store.changed()
      if (count % 7 === 0) await store.saved()
    }
    await store.saved()
    const again = await openDevStore(folder)
    expect(again.state).toEqual(store.state)
    expect(again.nextId()).toBe(51)
  })

  it.each(['', '{"version":2}', '[]', '{"version":1}'])('is refused when it reads %j', async (text) => {
    await writeFile(join(folder, 'state.json'), text)
    await expect(openDevStore(folder)).rejects.toMatchObject({ code: 'artifact_failed' })
  })
})

describe('a machine that can run no jobs', () => {
  it('says so where a pipeline is asked for', async () => {
    const broken = {
      plan: () => Promise.reject(new GreenloopError('ci_failed', 'rsync is missing')),
      run: () => Promise.reject(new Error('no')),
    }
    const at = await startTestHost({ folder, runner: broken })
    try {
      await at.addProject({ path: 'qa/calc', files: new Map([['.gitlab-ci.yml', 'unit: { script: "true" }']]) })
      const made = await at.call('POST', '/api/v4/projects/qa%2Fcalc/pipeline', { ref: 'main' })
      expect(made).toMatchObject({ status: 400, body: { message: { base: ['rsync is missing'] } } })
    } finally {
      await at.close()
    }
  })
})
