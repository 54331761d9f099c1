import { describe, expect, it } from 'vitest'
import { executeTasks as runTasks } from '../engine/execute-tasks.ts'
import { drain } from './pool.ts'

describe('working on a queue', () => {
  it('does everything once, with what comes up on the way, never more at a time than allowed', async () => {
    const seen: number[] = []
    let running = 0
    let most = 0
    const work = async (item: number): Promise<readonly number[]> => {
      most = Math.max(most, ++running)
      await new Promise(setImmediate)
      running--
      seen.push(item)
      return item > 1 ? [item - 1] : []
    }
    await drain([8, 5, 3], { width: 2, work, runTasks })
    expect(seen.sort((a, b) => b - a)).toEqual([8, 7, 6, 5, 5, 4, 4, 3, 3, 3, 2, 2, 2, 1, 1, 1])
    expect(most).toBe(2)
  })

  it('takes nothing new after an error, and throws it when the rest is done', async () => {
    const seen: string[] = []
    const work = async (item: string): Promise<readonly string[]> => {
      if (item === 'bad') throw new Error('bad item')
      await new Promise(setImmediate)
      seen.push(item)
      return []
    }
    await expect(drain(['slow', 'bad', 'never'], { width: 2, work, runTasks })).rejects.toThrow('bad item')
    expect(seen).toEqual(['slow'])
  })

  it('ends at once where there is nothing to do', async () => {
    await drain([], { width: 4, work: () => Promise.resolve([]), runTasks })
  })
})
