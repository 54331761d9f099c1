import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { isAlive, reap } from '../lib/process-tree.ts'
import { openScratch, sweepScratch } from './ci-scratch.ts'

/** Opens a folder, starts a job as `runCi` does, tells of both, and waits to be killed. */
const owner = `
  import { spawn } from 'node:child_process'
  import { openScratch } from ${JSON.stringify(join(import.meta.dirname, 'ci-scratch.ts'))}
  const { folder, marker } = await openScratch()
  const job = spawn('sleep', ['600'], { detached: true, stdio: 'ignore', env: { ...process.env, GREENLOOP_PROCESS: marker } })
  console.log(JSON.stringify({ folder, marker, job: job.pid }))
  setInterval(() => {}, 1000)
`

it('ends the jobs and removes the folders of a process that was killed, and leaves those that live alone', async () => {
  const mine = await openScratch()
  const child = spawn(process.execPath, ['--input-type=module', '-e', owner], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  const { folder, marker, job } = JSON.parse(line) as { folder: string; marker: string; job: number }
  try {
    await sweepScratch()
    expect([isAlive(job), existsSync(folder), existsSync(mine.folder)]).toEqual([true, true, true])
    child.kill('SIGKILL')
    await once(child, 'close')
    await sweepScratch()
    expect([existsSync(folder), existsSync(mine.folder)]).toEqual([false, true])
    expect(await reap(marker)).toBe(0)
  } finally {
    child.kill('SIGKILL')
    await mine.discard()
  }
})
