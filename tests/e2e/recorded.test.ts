import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { TaskStatistics } from '../../src/domain/task.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { root, temporary } from './cli.ts'

const taskCount = 2000

async function executions(seen: string): Promise<readonly string[]> {
  const text = await readFile(seen, 'utf8').catch(() => '')
  return text.split('\n').filter(Boolean)
}

/** Starts the program; kills it with SIGKILL once so many executions more have been noted. */
async function work(folder: string, killAfter?: number): Promise<string> {
  const seen = join(folder, 'seen.txt')
  const before = (await executions(seen)).length
  const program = join(root, 'tests', 'support', 'recorded-program.ts')
  const args = [program, join(folder, 'runs.db'), 'killed', String(taskCount), seen]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  const closed = once(child, 'close')
  for (let over = killAfter === undefined; !over;) {
    if ((await executions(seen)).length - before >= (killAfter ?? 0)) child.kill('SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 5))
    over = child.signalCode !== null || child.exitCode !== null
  }
  await closed
  return stdout
}

describe('a run of 2,000 tasks whose process is killed', () => {
  it('loses nothing, counts nothing twice and goes on within 15 seconds, however often', async () => {
    await using folder = await temporary()
    const store = await openSqliteStore({ path: join(folder.path, 'runs.db'), clock: systemClock, ballastBytes: 0 })
    try {
      for (const killAfter of [150, 400, 30, 500]) {
        await work(folder.path, killAfter)
        const [run, counts] = [await store.find('killed'), await store.counts('killed')]
        expect(run?.state).toBe('running')
        expect(counts.succeeded).toBeLessThan(taskCount)
      }
      const killedAt = Date.now()
      const [claimed, printed] = (await work(folder.path)).trim().split('\n')
      expect(claimed).toBe('claimed')
      const statistics = JSON.parse(printed ?? '') as TaskStatistics
      expect(statistics).toMatchObject({ total: taskCount, succeeded: taskCount, failed: 0, error: 0, cancelled: 0 })

      const results = await store.results('killed', { afterSeq: -1, limit: taskCount + 1 })
      expect(new Set(results.map(({ task }) => task.id)).size).toBe(taskCount)
      expect(results).toHaveLength(taskCount)
      const firstBack = Math.min(
        ...results.flatMap(({ attempts }) => attempts.map(({ startedAt }) => startedAt)).filter((at) => at >= killedAt),
      )
      expect(firstBack - killedAt).toBeLessThan(15_000)

      const counts = new Map<string, number>()
      for (const id of await executions(join(folder.path, 'seen.txt'))) counts.set(id, (counts.get(id) ?? 0) + 1)
      expect(counts.size).toBe(taskCount)
      const planned = (id: string): number => (Number(id.slice(1)) % 50 === 0 ? 2 : 1)
      const again = [...counts].reduce((sum, [id, count]) => sum + count - planned(id), 0)
      // What was in flight at each of the four kills, and what had ended in the last moments before.
      expect(again).toBeLessThanOrEqual(4 * 200)
      for (const { attempts } of results) {
        expect(attempts.map(({ number }) => number)).toEqual(
          attempts.map(({ number }) => number).toSorted((a, b) => a - b),
        )
      }
      expect(await store.end('killed', { state: 'failed' })).toBe(false)
      expect((await store.find('killed'))?.verdict).toBe('passed')
      expect(await store.check()).toEqual([])
    } finally {
      await store.close()
    }
  })
})
