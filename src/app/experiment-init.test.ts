import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inFolder } from '../config/plan.fixture.ts'
import { initExperiment } from './experiment-init.ts'
import { planExperiment } from './experiment-plan.ts'

const around = (cwd: string) => ({
  cwd,
  env: { DIFY_API_KEY: 'app-x', LLM_API_KEY: 'sk-x' },
  signal: new AbortController().signal,
})

describe('the files of a first experiment', () => {
  it.each(['dify', 'http', 'openai', 'module'] as const)('make a plan as they are: %s', async (target) => {
    await inFolder({}, async (cwd) => {
      const files = await initExperiment(cwd, 'first', target)
      expect(files).toContain(join('first', 'test_plan.yaml'))
      const { estimate, warnings } = await planExperiment(join('first', 'test_plan.yaml'), {}, around(cwd))
      expect([estimate.cases, warnings]).toEqual([4, []])
    })
  })

  it('are written over nothing', async () => {
    await inFolder({ 'mine/env.yaml': 'servers: {}' }, async (cwd) => {
      const refused = initExperiment(cwd, 'mine', 'dify')
      await expect(refused).rejects.toMatchObject({ code: 'usage_invalid', message: 'mine holds env.yaml already' })
      expect(await readFile(join(cwd, 'mine', 'env.yaml'), 'utf8')).toBe('servers: {}')
    })
  })

  it('are what a plan that is not there is told to begin with', async () => {
    await inFolder({}, async (cwd) => {
      const planning = planExperiment('test_plan.yaml', {}, around(cwd))
      const help: unknown = expect.stringContaining('experiment init')
      await expect(planning).rejects.toMatchObject({ code: 'file_missing', help })
    })
  })
})
