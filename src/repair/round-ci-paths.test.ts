import { describe, expect, it } from 'vitest'
import { ciPathsOf } from './round-ci-paths.ts'

const pathsOf = (files: Readonly<Record<string, string>>, file = '.gitlab-ci.yml'): Promise<readonly string[]> =>
  ciPathsOf(file, Object.keys(files), async (path) => files[path])

describe('files of the pipeline', () => {
  it('are the main one and what it includes from the project, in each way of writing', async () => {
    const files = {
      '.gitlab-ci.yml':
        "include:\n  - local: /ci/a.yml\n  - 'ci/b.yml'\n  - https://host.test/c.yml\n  - template: Auto.yml\n  - local: ci/more/*.yml\ntest:\n  script: !reference [.a, script]\n",
      'ci/a.yml': 'include: ci/deep.yml\n',
      'ci/b.yml': '',
      'ci/deep.yml': 'include: { local: /.gitlab-ci.yml }\n',
      'ci/more/x.yml': '',
      'src/a.py': '',
    }
    const expected = ['.gitlab-ci.yml', 'ci/a.yml', 'ci/b.yml', 'ci/more/x.yml', 'ci/deep.yml']
    expect(await pathsOf(files)).toEqual(expected)
  })

  it.each(['include: [', '- a\n- b', 'include: 5', '', 'a: &a [*a]', 'include: { local: [x] }'])(
    'are the main one alone where it says %j',
    async (text) => {
      expect(await pathsOf({ '.gitlab-ci.yml': text })).toEqual(['.gitlab-ci.yml'])
    },
  )

  it('may be elsewhere', async () => {
    expect(await pathsOf({ 'src/a.py': '' }, 'ci/main.yml@other/project')).toEqual(['ci/main.yml@other/project'])
  })
})
