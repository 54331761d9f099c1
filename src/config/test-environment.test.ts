import { describe, expect, it } from 'vitest'
import { testEnvironment } from './test-environment.ts'

describe('the environment of tests', () => {
  it('holds what programs need and none of our secrets', () => {
    const env = { PATH: '/bin', LC_ALL: 'C.UTF-8', HOME: undefined, LLM_API_KEY: 'canary', GITLAB_TOKEN: 'canary' }
    expect(testEnvironment(env)).toEqual({ PATH: '/bin', LC_ALL: 'C.UTF-8' })
  })
})
