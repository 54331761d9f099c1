import { describe, expect, it } from 'vitest'
import { combineBodySchema } from '../../src/domain/api-files.ts'
import { executionBodySchema, pipelineBodySchema } from '../../src/domain/api-start.ts'
import { emptySuiteForm, emptyTestsForm, executionBody, pipelineBody } from '../../web/src/pages/new-body.ts'
import { examples } from '../../web/src/pages/combinations-examples.ts'
import { template } from '../../web/src/editor/template.ts'
import { parseSuite } from '../../src/config/suite-file.ts'
import { combine } from '../../src/app/combine.ts'

describe('what the page sends', () => {
  it('is what the server takes, with numbers as numbers and nothing that was left out', () => {
    const filled = { ...emptySuiteForm, source: 'text', text: 'name: x', mode: 'http', tags: 'smoke, slow' } as const
    const sent = pipelineBody({ ...filled, retries: '2', timeout: '1.5', framework: 'vitest' })
    expect(pipelineBodySchema.parse(sent)).toEqual({
      suite: 'name: x',
      model: { mode: 'http' },
      framework: 'vitest',
      tags: ['smoke', 'slow'],
      execution: { retries: 2, timeoutSeconds: 1.5 },
    })
    expect(pipelineBody({ ...emptySuiteForm, suiteId: 'a' })).toEqual({ suiteId: 'a', model: { mode: 'offline' } })
    expect(pipelineBody({ ...filled, todo: 'generate', retries: '2' })).not.toHaveProperty('execution')
  })

  it('names tests line by line', () => {
    const sent = executionBody({ ...emptyTestsForm, tests: 'a.py\n\n b.py::t ', args: '-k x', coverage: true })
    expect(executionBodySchema.parse(sent)).toEqual({
      request: { framework: 'pytest', cwd: '.', tests: ['a.py', 'b.py::t'], args: ['-k x'] },
      execution: { coverage: true },
    })
    const file = { ...emptyTestsForm, source: 'file', requestPath: ' exec_request.json ' } as const
    expect(executionBody(file)).toEqual({ requestPath: 'exec_request.json' })
  })
})

describe('what the page begins with', () => {
  it('is right', async () => {
    expect((await parseSuite(template, 'suite.json')).suite.cases).toHaveLength(2)
    for (const model of Object.values(examples)) {
      const made = await combine(combineBodySchema.parse({ model }).model, { fast: true })
      expect(made.warnings).toEqual([])
      expect(made.rows.length).toBeGreaterThan(5)
    }
  })
})
