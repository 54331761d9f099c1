import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadRequest } from './request-file.ts'
import { loadSuiteFile } from './suite-file.ts'

const root = join(import.meta.dirname, '..', '..')
const suites = await readdir(join(root, 'examples', 'suites'))
const requests = (await readdir(join(root, 'examples'))).filter((name) => /^exec_request.*\.json$/u.test(name))

describe('the examples that come with the product', () => {
  for (const name of suites) {
    it(`suites/${name} loads without a warning`, async () => {
      const { suite, warnings } = await loadSuiteFile(join(root, 'examples', 'suites', name))
      expect(suite.cases.length + suite.endpoints.length).toBeGreaterThan(0)
      expect(warnings).toEqual([])
    })
  }

  for (const name of requests) {
    it(`${name} loads without a warning`, async () => {
      const { request, warnings } = await loadRequest(join(root, 'examples', name), { cwd: root })
      expect(request.tests.length).toBeGreaterThan(0)
      expect(warnings).toEqual([])
    })
  }
})
