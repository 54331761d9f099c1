import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import type { ShownRun } from '../../src/app/runs.ts'
import type { TaskCounts } from '../../src/domain/stored-run.ts'
import { cli, startCli, temporary } from './cli.ts'

interface Shown {
  readonly run?: ShownRun
  readonly counts?: TaskCounts
}

async function at() {
  const folder = await temporary()
  const store = join(folder.path, 'runs.db')
  const options = { cwd: folder.path, env: { GREENLOOP_STORE: store } }
  const show = async (id: string): Promise<Shown> =>
    JSON.parse((await cli(['runs', 'show', id, '--json'], options)).stdout) as Shown
  return { path: folder.path, store, options, show, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

/** Tasks on record of a run, read beside the process that works on it; -1 while there is no such run. */
function tasksThere(store: string, id: string): number {
  if (!existsSync(store)) return -1
  const database = new DatabaseSync(store, { readOnly: true, timeout: 5000 })
  try {
    const row = database.prepare('select count(*) as there from task where run_id = ?').get(id)
    return Number(row?.['there'])
  } catch {
    return -1
  } finally {
    database.close()
  }
}

async function untilSomeTasks(store: string, id: string): Promise<void> {
  while (tasksThere(store, id) < 1000) await new Promise(setImmediate)
}

describe('a trial run that is broken off while its tasks are handed in', () => {
  it('gets the rest of its tasks when it is resumed, and is never green with a part of them', async () => {
    await using place = await at()
    const started = startCli(['trial', '--tasks', '60000', '--run-id', 'part'], place.options)
    await untilSomeTasks(place.store, 'part')
    started.kill('SIGKILL')
    await started.ended
    const before = await place.show('part')
    expect(before.run?.taskCount).toBeUndefined()
    const { code, stdout } = await cli(['runs', 'resume', 'part', '--json'], place.options)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'passed', statistics: { total: 60_000, succeeded: 60_000 } })
  })

  it('is refused with the command that mends it where its manifest listed the tasks', async () => {
    await using place = await at()
    const tasks = Array.from({ length: 60_000 }, (_, index) => ({ id: `t${index}` }))
    await writeFile(join(place.path, 'listed.json'), JSON.stringify({ tasks }))
    const started = startCli(['trial', 'listed.json', '--run-id', 'listed'], place.options)
    await untilSomeTasks(place.store, 'listed')
    started.kill('SIGKILL')
    await started.ended
    const refused = await cli(['runs', 'resume', 'listed'], place.options)
    expect(refused.code).toBe(3)
    expect(refused.stderr).toContain('--run-id listed')
    const again = await cli(['trial', 'listed.json', '--run-id', 'listed', '--json'], place.options)
    expect(again.code).toBe(0)
    expect(JSON.parse(again.stdout)).toMatchObject({ statistics: { total: 60_000, succeeded: 60_000 } })
  })

  it('hears Ctrl-C before the last task came, and is cancelled', async () => {
    await using place = await at()
    const started = startCli(['trial', '--tasks', '2000000', '--run-id', 'many', '--json'], place.options)
    await untilSomeTasks(place.store, 'many')
    started.kill('SIGINT')
    const { code, stdout } = await started.ended
    expect(code).toBe(130)
    expect(JSON.parse(stdout)).toMatchObject({ status: 'cancelled', exitCode: 130 })
    expect(tasksThere(place.store, 'many')).toBeLessThan(2_000_000)
    expect((await place.show('many')).run).toMatchObject({ state: 'cancelled', reason: 'the command was interrupted' })
  })

  it('ends as cancelled where another terminal cancels it', async () => {
    await using place = await at()
    const started = startCli(['trial', '--tasks', '2000000', '--run-id', 'far', '--json'], place.options)
    await untilSomeTasks(place.store, 'far')
    expect((await cli(['runs', 'cancel', 'far'], place.options)).code).toBe(0)
    const { code, stdout } = await started.ended
    expect(code).toBe(130)
    expect(JSON.parse(stdout)).toMatchObject({ status: 'cancelled', reason: 'cancelled with greenloop runs cancel' })
  })
})

describe('a manifest of a trial', () => {
  it('is refused before there is a run where ids stand twice or cannot be kept', async () => {
    await using place = await at()
    const tasks = [{ id: 'a' }, { id: 'b\0' }, { id: 'a' }]
    await writeFile(join(place.path, 'ids.json'), JSON.stringify({ tasks }))
    const { code, stderr } = await cli(['trial', 'ids.json', '--run-id', 'ids'], place.options)
    expect(code).toBe(2)
    expect(stderr).toContain('tasks.1.id')
    expect(stderr).toContain('is the id of `tasks.0` already')
    expect((await place.show('ids')).run).toBeUndefined()
  })
})

describe('greenloop trial --detach', () => {
  it('is refused where no worker could take the run', async () => {
    await using place = await at()
    const { code, stderr } = await cli(['trial', '--tasks', '2', '--detach', '--run-id', 'off'], place.options)
    expect(code).toBe(2)
    expect(stderr).toContain('shared database')
    expect((await place.show('off')).run).toBeUndefined()
  })
})

describe('a run of tests', () => {
  it('writes no report once another process has the run', async () => {
    await using place = await at()
    await mkdir(join(place.path, 'slow'))
    const source = 'import time\ndef test_slow():\n    time.sleep(60)\n'
    await writeFile(join(place.path, 'slow', 'test_slow.py'), source)
    const started = startCli(['run', 'slow', '--framework', 'pytest', '--run-id', 'lost', '--json'], place.options)
    while (tasksThere(place.store, 'lost') < 1) await new Promise(setImmediate)
    const database = new DatabaseSync(place.store, { timeout: 5000 })
    database.exec(`update run set epoch = epoch + 1 where id = 'lost'`)
    database.close()
    const { code, stdout } = await started.ended
    expect(code).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({ error: { name: 'lease_lost' } })
    expect(existsSync(join(place.path, 'artifacts', 'lost', 'summary.json'))).toBe(false)
  })

  it('says in its record who cancelled it', async () => {
    await using place = await at()
    await writeFile(join(place.path, 'test_slow.py'), 'import time\ndef test_slow():\n    time.sleep(60)\n')
    const started = startCli(['run', 'test_slow.py', '--run-id', 'asked'], place.options)
    while (tasksThere(place.store, 'asked') < 1) await new Promise(setImmediate)
    expect((await cli(['runs', 'cancel', 'asked'], place.options)).code).toBe(0)
    expect((await started.ended).code).toBe(130)
    const { run } = await place.show('asked')
    expect(run).toMatchObject({ state: 'cancelled', reason: 'cancelled with greenloop runs cancel' })
  })
})

describe('greenloop store backup', () => {
  it('does not pass an empty file for the backup of a store that is not there', async () => {
    await using place = await at()
    const { code, stderr } = await cli(['store', 'backup', 'copy.db'], place.options)
    expect(code).toBe(3)
    expect(stderr).toContain('there is no store')
    expect(existsSync(join(place.path, 'copy.db'))).toBe(false)
  })
})

describe('secrets of a request', () => {
  it('are in no artifact, not in the record and not in what is printed', async () => {
    await using folder = await temporary()
    const secret = 'tok-S3cret-canary-77'
    const leak = `import os\ndef test_leaks():\n    print(os.environ["SVC_TOKEN"])\n    assert os.environ["SVC_TOKEN"] == "x"\n`
    await writeFile(join(folder.path, 'test_leak.py'), leak)
    const request = { framework: 'pytest', tests: ['test_leak.py'], env: { SVC_TOKEN: secret } }
    await writeFile(join(folder.path, 'request.json'), JSON.stringify(request))
    const store = join(folder.path, '.greenloop', 'greenloop.db')
    const ran = await cli(['run', 'request.json', '--run-id', 'one', '--json'], {
      cwd: folder.path,
      env: { GREENLOOP_STORE: store },
    })
    expect(ran.code).toBe(1)
    expect(ran.stdout + ran.stderr).not.toContain(secret)
    const artifacts = join(folder.path, 'artifacts', 'one')
    for (const name of await readdir(artifacts)) {
      expect((await readFile(join(artifacts, name))).includes(secret), name).toBe(false)
    }
    expect((await readFile(store)).includes(secret)).toBe(false)
  })
})
