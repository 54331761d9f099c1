import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GuardRules } from '../domain/repair-config.ts'
import type { GuardCode } from '../domain/repair.ts'
import { createRedactor } from '../lib/redact.ts'
import type { PatchedFile } from './apply.ts'
import { checkPatch, isProtected } from './guards.ts'
import type { GuardInput } from './guards.ts'

const rules: GuardRules = { maxFiles: 5, maxChangedLines: 200, maxNewFiles: 0, allow: [], deny: [] }
const redactor = createRedactor([])
const input = (files: readonly PatchedFile[], more: Partial<GuardInput> = {}): GuardInput => ({
  files,
  tree: files
    .filter(({ before }) => before !== undefined)
    .map(({ path, before = '' }) => ({ path, mode: '100644', oid: '0', size: Buffer.byteLength(before) })),
  rules,
  ciPaths: ['.gitlab-ci.yml', 'build/jobs.yml'],
  findSecrets: (text) => redactor.text(text) !== text,
  ...more,
})
const codes = (given: GuardInput): GuardCode[] => [
  ...new Set(
    checkPatch(given)
      .filter(({ blocks }) => blocks)
      .map(({ code }) => code),
  ),
]
const told = (given: GuardInput): string[] =>
  checkPatch(given).map(({ code, blocks }) => `${code}${blocks ? '' : ' (told)'}`)
const edited = (path: string, before: string, after: string): GuardInput => input([{ path, before, after }])
/** Codes for a line put behind a harmless one. */
const added = (path: string, line: string): GuardCode[] => {
  const base = path.endsWith('.py') || path.endsWith('.sh') ? '# base\n' : '// base\n'
  return codes(edited(path, base, `${base}${line}\n`)).filter((code) => code !== 'syntax')
}

describe('an honest repair', () => {
  it('has no findings', () => {
    expect(checkPatch(edited('src/a.py', 'def f(a):\n    return a - 1\n', 'def f(a):\n    return a + 1\n'))).toEqual([])
    expect(
      checkPatch(
        edited('src/a.ts', 'export const f = (a: number) => a - 1\n', 'export const f = (a: number) => a + 1\n'),
      ),
    ).toEqual([])
  })
})

describe('protected paths', () => {
  it.each<[GuardCode, readonly string[]]>([
    [
      'protected_test',
      [
        'tests/a.py',
        'test/x/y.js',
        'pkg/testing/a.go',
        'src/__tests__/a.ts',
        'src/__snapshots__/a.snap',
        'a_test.go',
        'src/test_a.py',
        'a.spec.ts',
        'x/a.test.tsx',
        'conftest.py',
        'src/conftest.py',
        'pytest.ini',
        'tox.ini',
        'vitest.config.ts',
        'jest.config.js',
        'testdata/a.json',
        'x/fixtures/a.yml',
        'spec/a_spec.rb',
        'src/LoginTest.java',
        'app/tests.py',
        'Tests/A.py',
        'TESTS/a.py',
        'pytest.py',
        'lib/_pytest/runner.py',
        'playwright.config.ts',
        '.mocharc.json',
        'src/test.js',
      ],
    ],
    [
      'protected_ci',
      [
        '.gitlab-ci.yml',
        'build/jobs.yml',
        '.GitLab-CI.yml',
        '.gitlab/ci/a.yml',
        'ci/run.sh',
        '.github/workflows/a.yml',
        'Jenkinsfile',
      ],
    ],
    [
      'protected_settings',
      [
        'package.json',
        'web/package.json',
        'tsconfig.json',
        'tsconfig.build.json',
        'pyproject.toml',
        'setup.cfg',
        'Makefile',
        '.eslintrc.json',
        'eslint.config.mjs',
        '.coveragerc',
        'mypy.ini',
        'Dockerfile',
        'requirements.txt',
        'requirements-dev.txt',
        'go.mod',
        'Cargo.toml',
        'sitecustomize.py',
        'x/y.pth',
        '.npmrc',
        'vite.config.ts',
        '.env',
        'PyProject.toml',
      ],
    ],
    ['protected_lock', ['package-lock.json', 'yarn.lock', 'poetry.lock', 'pnpm-lock.yaml', 'go.sum', 'uv.lock']],
    [
      'protected_git',
      [
        '.git/config',
        '.Git/hooks/pre-commit',
        'x/.GIT/config',
        'git~1/config',
        '.git\u200d/config',
        '.gitattributes',
        '.gitmodules',
        '.gitignore',
        'CODEOWNERS',
        'docs/CODEOWNERS',
        '.gitlab/CODEOWNERS',
        '.husky/pre-commit',
        '.git./config',
      ],
    ],
  ])('%s', (code, paths) => {
    for (const path of paths) expect(isProtected(path, rules, ['.gitlab-ci.yml', '/build/*.yml']), path).toBe(code)
  })

  it.each([
    'src/a.py',
    'src/latest.py',
    'src/contest.ts',
    'src/Latest.java',
    'src/inspector/a.ts',
    'src/hooks/use-a.ts',
    'lib/attest.py',
    'src/circle.py',
    'src/lock.py',
    'src/git.ts',
    'src/makefile.py',
    'README.md',
    'src/package.ts',
    'src/city/a.py',
  ])('leave %s alone', (path) => {
    expect(isProtected(path, rules, ['.gitlab-ci.yml'])).toBeUndefined()
  })

  it('are opened by name alone, and never where they are denied or git’s own', () => {
    const open = {
      ...rules,
      allow: ['tests/data/**', '.git/**', 'package.json'],
      deny: ['tests/data/secret/**', '*.sql'],
    }
    expect(isProtected('tests/data/a.json', open, [])).toBeUndefined()
    expect(isProtected('package.json', open, [])).toBeUndefined()
    expect(isProtected('web/package.json', open, [])).toBe('protected_settings')
    expect(isProtected('tests/a.py', open, [])).toBe('protected_test')
    expect(isProtected('Tests/data/a.json', open, [])).toBe('protected_test')
    expect(isProtected('.git/config', open, [])).toBe('protected_git')
    expect(isProtected('tests/data/secret/a.json', open, [])).toBe('denied')
    expect(isProtected('db/A.SQL', open, [])).toBe('denied')
  })

  it('stop a patch that deletes the failing test, lowers a threshold or edits the pipeline', () => {
    expect(codes(edited('tests/test_a.py', 'def test_a():\n    assert f(1) == 2\n', 'x = 1\n'))).toContain(
      'protected_test',
    )
    expect(codes(edited('pyproject.toml', 'fail_under = 90\n', 'fail_under = 10\n'))).toContain('protected_settings')
    expect(codes(edited('.gitlab-ci.yml', 'a: {script: [x]}\n', 'a: {script: [y]}\n'))).toContain('protected_ci')
    expect(codes({ ...edited('db/a.sql', 'a', 'b'), rules: { ...rules, deny: ['db/'] } })).toEqual(['denied'])
  })
})

describe('paths', () => {
  it.each([
    '../x.py',
    'a/../../x.py',
    '/etc/passwd',
    'C:/x.py',
    'C:\\x.py',
    'a\\..\\b.py',
    '~/x.py',
    './a.py',
    'a//b.py',
    'a/',
    '',
    'a\0.py',
    'a\nb.py',
    'a\u202eyp.x',
    'x/ a.py',
    'a'.repeat(300),
  ])('that are not ordinary are refused: %j', (path) => {
    expect(codes(edited(path, 'a\n', 'b\n'))).toContain('path_outside')
  })

  it.each(['a b.py', 'src/модуль.py', '源/文件.py', 'a-b_c.d.py', '-x.py', 'a..b.py', '...x/a.py'])(
    'that are unusual are fine: %j',
    (path) => {
      expect(codes(edited(path, 'a\n', 'b\n'))).toEqual([])
    },
  )

  it('that look like another one are refused for new files', () => {
    const open = { ...rules, maxNewFiles: 3 }
    const fresh = (path: string): GuardCode[] =>
      codes(
        input([{ path, after: 'x = 1\n' }], {
          rules: open,
          tree: [{ path: 'src/a.py', mode: '100644', oid: '0', size: 1 }],
        }),
      )
    expect(fresh('src/А.py')).toEqual([])
    expect(fresh('src/confтest.py')).toEqual(['path_outside'])
    expect(fresh('src/A.py')).toEqual(['path_outside'])
    expect(fresh('src/a.py/b.py')).toEqual(['path_outside'])
    expect(fresh('src')).toEqual(['path_outside'])
    expect(fresh('src/b.py')).toEqual([])
  })

  it('through links are refused', () => {
    const tree = [
      { path: 'link', mode: '120000', oid: '0', size: 4 },
      { path: 'sub', mode: '160000', oid: '0', size: 0 },
      { path: 'linked/a.py', mode: '100644', oid: '0', size: 2 },
    ]
    const at = (path: string): GuardCode[] => codes(input([{ path, before: 'a\n', after: 'b\n' }], { tree }))
    expect(at('link')).toContain('path_link')
    expect(at('link/a.py')).toContain('path_link')
    expect(at('LINK/a.py')).toContain('path_link')
    expect(at('sub/a.py')).toContain('path_link')
    expect(at('linked/a.py')).toEqual([])
  })

  it('that are not in the project are refused unless new files are allowed, and then counted', () => {
    const files = [
      { path: 'n1.py', after: 'x = 1\n' },
      { path: 'n2.py', after: 'x = 1\n' },
    ]
    expect(codes(input(files))).toEqual(['path_unknown'])
    expect(codes(input(files, { rules: { ...rules, maxNewFiles: 2 } }))).toEqual([])
    expect(codes(input(files, { rules: { ...rules, maxNewFiles: 1 } }))).toEqual(['too_many_new_files'])
    expect(codes(input([{ path: 'a.py', before: 'a\n', after: 'b\n' }], { tree: [] }))).toEqual(['path_unknown'])
  })

  it('of files that are not text are refused', () => {
    expect(codes(edited('a.bin', 'a\0b', 'a\0c'))).toContain('path_binary')
    expect(codes(edited('a.py', 'x = 1\n', 'x = "\0"\n'))).toContain('path_binary')
    const lossy = 'x = "\ufffd"\n'
    const tree = [{ path: 'a.py', mode: '100644', oid: '0', size: Buffer.byteLength(lossy) - 2 }]
    expect(codes(input([{ path: 'a.py', before: lossy, after: 'x = 1\n' }], { tree }))).toEqual(['path_binary'])
    expect(codes(edited('a.py', lossy, 'x = 1\n'))).toEqual([])
    expect(codes(input([{ path: 'a.py', after: 'x = 1\n' }], { tree }))).toContain('path_binary')
  })
})

describe('size', () => {
  const lines = (count: number): string => 'x\n'.repeat(count)

  it('is limited', () => {
    expect(codes(edited('a.txt', '', lines(200)))).toEqual([])
    expect(codes(edited('a.txt', '', lines(201)))).toEqual(['too_many_lines'])
    const files = (count: number): PatchedFile[] =>
      Array.from({ length: count }, (_, i) => ({ path: `a${i}.txt`, before: 'a\n', after: 'b\n' }))
    expect(codes(input(files(5)))).toEqual([])
    expect(codes(input(files(6)))).toEqual(['too_many_files'])
    expect(codes(edited('a.txt', 'a\n', `${'x'.repeat(999_000)}\n`))).toEqual([])
    expect(codes(edited('a.txt', 'a\n', `${'x'.repeat(1_000_000)}\n`))).toEqual(['too_large'])
  })

  it('of nothing is refused', () => {
    expect(codes(input([]))).toEqual(['nothing_changed'])
    expect(codes(edited('a.txt', 'a\n', 'a\n'))).toEqual(['nothing_changed'])
    expect(codes(edited('a.py', 'if a:\n  b\n', 'if a:\n    b\n'))).toEqual([])
  })
})

/** For each: what must be refused, and what looks like it and must not. */
const additions: readonly (readonly [GuardCode, string, readonly string[], readonly string[]])[] = [
  [
    'skip_marker',
    'src/a.py',
    [
      '@pytest.mark.skip',
      '@pytest.mark.skipif(True, reason="")',
      '@pytest.mark.xfail',
      'pytest.skip("x")',
      'pytest.importorskip("x")',
      'pytest.exit("x")',
      'self.skipTest("x")',
      'raise unittest.SkipTest',
      '@unittest.skip("x")',
      '@unittest.expectedFailure',
      'collect_ignore = ["x"]',
      'def pytest_collection_modifyitems(items): items.clear()',
      '__test__ = False',
      'ｐytest.mark.ｓkip',
      'pytest . mark . skip',
    ],
    [
      'skip = 1',
      'items.skip(3)',
      'self.skipped = []',
      'exit_code = 1',
      '# do not skip the last one',
      'df.mark = skip_rows',
    ],
  ],
  [
    'skip_marker',
    'src/a.ts',
    [
      'it.skip("a", () => {})',
      'describe.only("a", () => {})',
      'test.todo("a")',
      'it.concurrent.skip("a")',
      'xit("a", f)',
      'fdescribe("a", f)',
      'it.\\u0073kip("a", f)',
      'test("a", { skip: true }, f)',
      't.skip()',
      'test.fails("a", f)',
      'it.skipIf(true)("a", f)',
    ],
    [
      'stream.skip(3)',
      'const only = 1',
      'model.fit("a")',
      'list.todo.push(1)',
      'exit("a")',
      'page.skip()',
      'const options = { skip: 10 }',
    ],
  ],
  ['skip_marker', 'src/a.go', ['t.Skip("x")', 't.SkipNow()'], ['it.Skip("x")', 'scanner.Skip()']],
  [
    'silenced',
    'src/a.py',
    [
      'x = 1  # noqa',
      'x = 1  # noqa: E501',
      'import x  # type: ignore',
      '# pylint: disable=all',
      'if x:  # pragma: no cover',
      'sys.exit(0)',
      'sys.exit()',
      'os._exit(0)',
      'from os import _exit',
      'raise SystemExit(0)',
      'raise SystemExit',
      'exit(0)',
      'atexit.register(f)',
      '    def __del__(self): pass',
      'warnings.filterwarnings("ignore")',
      'run("make || true")',
      '# fmt: off',
      'sys.settrace(f)',
    ],
    [
      'sys.exit(1)',
      'sys.exit(main())',
      'raise SystemExit(2)',
      'raise SystemExit("no")',
      'on_exit(0)',
      '# a type: ignored',
      'quite(0)',
      'self.exit(0)',
    ],
  ],
  [
    'silenced',
    'src/a.ts',
    [
      '// eslint-disable-next-line',
      '/* eslint-disable */',
      '// @ts-ignore',
      '// @ts-expect-error',
      '// @ts-nocheck',
      '/* istanbul ignore next */',
      '/* v8 ignore next */',
      'process.exit(0)',
      'process.exit()',
      'process.exitCode = 0',
      'process.on("exit", f)',
      'process["exit"](0)',
      'const { exit } = process',
      'import { exit } from "node:process"',
      'exec("npm test || true")',
      '// biome-ignore lint: x',
      '// prettier-ignore',
    ],
    [
      'process.exit(1)',
      'process.exit(code)',
      'process.exitCode = 1',
      'const a = b || true',
      'process.on("SIGINT", f)',
      'process.kill(pid, 0)',
      '// eslint is used here',
    ],
  ],
  [
    'silenced',
    'run.sh',
    [
      'pytest || true',
      'set +e',
      'set +o errexit',
      'make test || :',
      'exit 0',
      'trap "exit 0" EXIT',
      'pytest || exit 0',
      'pytest; true',
      'pytest || return 0',
      'pytest \\\n  || true',
    ],
    ['a || b', 'set -e', 'exit 1', 'exit "$code"', 'true'],
  ],
  ['silenced', 'src/a.yml', ['allow_failure: true', '- pytest || true'], ['allow: true', 'failure: false']],
  ['silenced', 'src/a.go', ['//nolint', 'x() //nolint:errcheck', 'os.Exit(0)'], ['os.Exit(1)', '// lint']],
  [
    'test_detection',
    'src/a.py',
    [
      'if os.environ.get("PYTEST_CURRENT_TEST"): return 1',
      'if "pytest" in sys.modules: x = 1',
      'if os.getenv("CI"): x = 1',
      'os.environ["GITLAB_CI"]',
      'if "CI" in os.environ: x = 1',
      'import pytest',
      'from unittest import mock',
      'import _pytest.runner',
      'builtins.print = f',
      'def __eq__(self, other): return True',
      'sys.modules.get("pytest")',
      'if "pytest" in sys.argv[0]: x = 1',
      'inspect.stack()',
    ],
    [
      'os.environ["CITY"]',
      'import pytz',
      'sys.modules[__name__]',
      'os.getenv("HOME")',
      'def __eq__(self, other): return self.a == other.a',
      'import inspect',
    ],
  ],
  [
    'test_detection',
    'src/a.ts',
    [
      'if (process.env.VITEST) x()',
      'if (process.env.CI) x()',
      'process.env["CI"]',
      'process.env?.JEST_WORKER_ID',
      'const { CI } = process.env',
      'if (process.env.NODE_ENV === "test") x()',
      'import { vi } from "vitest"',
      'const a = require("jest")',
      'expect.extend = f',
      'assert.equal = () => {}',
      'globalThis.expect = f',
      'import.meta.vitest',
      'if (typeof jest !== "undefined") x()',
      'Object.is = () => true',
      'process.env.NODE_TEST_CONTEXT',
      'process.env.\\u0043I',
    ],
    [
      'process.env.CITY',
      'process.env.HOME',
      'import { a } from "./vitest-like.ts"',
      'const expectation = f',
      'if (assert.equal === f) x()',
      'Object.is(a, b)',
      'process.env.NODE_ENV === "production"',
    ],
  ],
  [
    'hidden_code',
    'src/a.py',
    ['exec(base64.b64decode("eA=="))', 'eval(codecs.decode("x", "rot13"))', 'exec(zlib.decompress(x))'],
    ['base64.b64decode(x)', 're.compile("a")'],
  ],
  [
    'hidden_text',
    'src/a.py',
    [
      'x = "a\u202eb"',
      'x = "a\u200bb"',
      'x = 1 \u00ad',
      'x = "\u0007"',
      'x = "\u2066"',
      'x = "a\rb"',
      'x = "\u{e0041}"',
      'x = 1  # \u3164',
    ],
    ['x = "\\u202e"', 'x = "é 中 я"', 'x = "👩‍💻 ❤️ ✔️ 1️⃣"', 'x = "می\u200cخواهم"', 'x = 1\f'],
  ],
  [
    'hidden_code',
    'src/a.ts',
    ['eval(atob("eA=="))', 'new Function(Buffer.from(x, "base64").toString())()'],
    ['atob(x)', 'Buffer.from(x, "base64")'],
  ],
  [
    'secret',
    'src/a.py',
    [
      'token = "glpat-abcdefghij0123456789"',
      'password = "x9K2mQ7vR4tZ8wB1"',
      'url = "https://user:hunter22@example.com/x"',
    ],
    ['token = os.environ["TOKEN"]', 'password = "password"', 'url = "https://example.com"'],
  ],
]

describe.each(additions)('%s in %s', (code, path, bad, good) => {
  it.each(bad)('refuses %j', (line) => {
    expect(added(path, line)).toContain(code)
  })
  it.each(good)('lets %j pass', (line) => {
    expect(added(path, line)).not.toContain(code)
  })
})

describe('what a file held before', () => {
  it('may stay, move and go', () => {
    const before = 'import x  # noqa: E501\ndef f():\n    sys.exit(0)\n'
    expect(codes(edited('a.py', before, `y = 1\n${before}`))).toEqual([])
    expect(codes(edited('a.py', before, 'def f():\n    y = 1\n    sys.exit(0)\nimport x  # noqa: E501\n'))).toEqual([])
    expect(codes(edited('a.py', before, 'y = 1\n'))).toEqual([])
  })

  it('does not cover more of it, or wider ones', () => {
    expect(codes(edited('a.py', 'x = 1  # noqa: E501\n', 'x = 1  # noqa: E501\ny = 1  # noqa: E501\n'))).toEqual([
      'silenced',
    ])
    expect(codes(edited('a.py', 'x = 1  # noqa: E501\n', 'x = 1  # noqa\n'))).toEqual(['silenced'])
    expect(codes(edited('a.ts', 'x // eslint-disable-line no-a\n', 'x // eslint-disable-line\n'))).toEqual(['silenced'])
  })

  it('is not looked at for secrets, and prose not for markers', () => {
    const line = 'token = "glpat-abcdefghij0123456789"\n'
    expect(codes(edited('a.py', `${line}x = 1\n`, `${line}x = 2\n`))).toEqual([])
    expect(codes(edited('a.py', `x = 1\n${line}`, `${line}x = 1\n`))).toEqual([])
    expect(codes(edited('README.md', 'a\n', 'Run `pytest.skip` and `x || true`  # noqa\n'))).toEqual([])
  })

  it('in a test that is opened may use the test framework', () => {
    const open = { ...rules, allow: ['tests/**'] }
    expect(codes({ ...edited('tests/a.py', 'x = 1\n', 'import pytest\nx = 1\n'), rules: open })).toEqual([])
    expect(codes({ ...edited('tests/a.py', 'x = 1\n', 'import pytest\npytest.skip("x")\n'), rules: open })).toEqual([
      'skip_marker',
    ])
  })
})

describe('what is only told', () => {
  it('is a program that is started, a swallowed exception, code put together', () => {
    expect(told(edited('a.py', 'x = 1\n', 'import subprocess\nsubprocess.run(["ls"])\n'))).toEqual([
      'reaches_out (told)',
    ])
    expect(told(edited('a.ts', 'x\n', 'fetch("https://example.com")\n'))).toEqual(['reaches_out (told)'])
    expect(told(edited('a.py', 'x = 1\n', 'try:\n    x = 1\nexcept Exception:\n    pass\n'))).toEqual([
      'silenced (told)',
    ])
    expect(told(edited('a.py', 'import subprocess\nx = 1\n', 'import subprocess\nx = 2\n'))).toEqual([])
  })

  it('is a removed function that something still names', () => {
    const files = [
      { path: 'a.py', before: 'def load():\n    pass\n\ndef keep():\n    pass\n', after: 'def keep():\n    pass\n' },
    ]
    const tree = ['a.py', 'b.py', 'c.md'].map((path) => ({ path, mode: '100644', oid: '0', size: 43 }))
    const read = (text: string) => (path: string) => (path === 'b.py' ? text : 'load load')
    expect(told(input(files, { tree, read: read('from a import load\n') }))).toEqual(['deleted_symbol (told)'])
    expect(told(input(files, { tree, read: read('from a import loader\n') }))).toEqual([])
    const script = [
      { path: 'a.ts', before: 'export const load = () => 1\nexport const b = 1\n', after: 'export const b = load()\n' },
    ]
    expect(told(input(script))).toEqual(['deleted_symbol (told)'])
    const moved = [
      { path: 'a.ts', before: 'const load = () => 1\nload()\n', after: 'import { load } from "./b.ts"\nload()\n' },
    ]
    expect(told(input(moved))).toEqual([])
  })
})

describe('syntax', () => {
  it.each([
    ['a.py', 'x = 1\n', 'def f(:\n', 'x = 2\n'],
    ['a.ts', 'let x = 1\n', 'let x = {\n', 'let x: number = 2\n'],
    ['a.tsx', 'const x = <a />\n', 'const x = <a>\n', 'const x = <b />\n'],
    ['a.js', 'let x = 1\n', 'let = = 1\n', 'let x = 2\n'],
    ['data.json', '{"a": 1}\n', '{"a": 1,}\n', '{"a": 2}\n'],
    ['data.yaml', 'a: 1\n', 'a: [1\nb: 2\n', 'a: !custom [2]\n---\nb: 1\n'],
  ])('of %s is checked', (path, before, bad, good) => {
    expect(codes(edited(path, before, bad))).toEqual(['syntax'])
    expect(codes(edited(path, before, good))).toEqual([])
    expect(codes(edited(path, bad, good))).toEqual([])
    expect(told(edited(path, bad, `${bad}\n`))).toEqual(['syntax (told)'])
  })

  it('of nested brackets without end does not break the check', () => {
    expect(codes(edited('a.yaml', 'a: 1\n', '['.repeat(100_000)))).toEqual(['syntax'])
    expect(codes(edited('a.json', '{}', '['.repeat(100_000)))).toEqual(['syntax'])
  })
})

describe('the guards', () => {
  const piece = fc.constantFrom(
    'x = 1',
    'sys.exit(0)',
    '# noqa',
    'import pytest',
    '\u200b',
    'def f():',
    '    return 1',
    'token = "glpat-abcdefghij0123456789"',
    '',
  )
  const text = fc.array(piece, { maxLength: 6 }).map((lines) => lines.join('\n'))
  const path = fc.oneof(
    fc.constantFrom('a.py', 'b.py', 'tests/a.py', '../x', '.gitlab-ci.yml', 'c.ts', 'd.json', 'link/x', '.git/x'),
    fc.string(),
  )
  const file = fc.record({ path, before: fc.option(text, { nil: undefined }), after: text })

  it('never find less in more files', () => {
    const tree = [
      { path: 'a.py', mode: '100644', oid: '0', size: 1 },
      { path: 'link', mode: '120000', oid: '0', size: 1 },
    ]
    fc.assert(
      fc.property(
        fc.uniqueArray(file, { minLength: 1, maxLength: 4, selector: (one) => one.path }),
        file,
        (files, one) => {
          fc.pre(files.every((other) => other.path !== one.path))
          const keys = (of: readonly PatchedFile[]): string[] =>
            checkPatch(input(of, { tree })).map((found) => `${found.code} ${found.path ?? ''}`)
          const more = new Set(keys([...files, one]))
          for (const key of keys(files)) expect(more).toContain(key)
        },
      ),
      { numRuns: 200 },
    )
  })

  it.each([
    'eval(',
    'exec(a ',
    '{ CI ',
    'process.env.CI ',
    'pytest.mark.',
    'it.',
    'except Exception as ',
    '# noqa ',
    '#type:',
    '"pytest" ',
    'argv ',
    'modules ',
    '|| ',
    '\\u0041',
    '\\\n',
    'a',
    ' ',
    '\n',
    '\u200d',
    '[',
    'import ',
    '{a,',
    'NODE_ENV ',
    'catch (',
    'assert.a',
  ])('take bounded time over half a megabyte of %j', (part) => {
    const after = part.repeat(Math.floor(500_000 / part.length))
    for (const path of ['a.py', 'a.ts', 'a.yml']) {
      const started = performance.now()
      checkPatch(edited(path, 'x\n', after))
      expect(performance.now() - started, path).toBeLessThan(15_000)
    }
  })
})
