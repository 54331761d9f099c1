import type { Language } from './guard-language.ts'
import type { Marker } from './guard-markers.ts'

const script: readonly Language[] = ['script']
const python: readonly Language[] = ['python']
const variables =
  'CI|GITLAB_CI|GITHUB_ACTIONS|VITEST|VITEST_\\w+|JEST_WORKER_ID|NODE_TEST_CONTEXT|PYTEST_\\w+|TOX_ENV_NAME|BUILD_ID|CI_\\w+'
const variable = 'a look at a variable that is set in tests'
const running = 'a look at whether tests run'
const caller = 'a look at who calls, which only tests would change'

/** What makes code behave otherwise where it is tested. */
export const detectionMarkers: readonly Marker[] = [
  {
    code: 'test_detection',
    name: 'a look at whether a test or pipeline is running',
    pattern:
      /\b(?:PYTEST_CURRENT_TEST|PYTEST_XDIST_WORKER\w*|PYTEST_VERSION|PYTEST_ADDOPTS|JEST_WORKER_ID|NODE_TEST_CONTEXT|VITEST_WORKER_ID|VITEST_POOL_ID|VITEST_MODE|GITLAB_CI|CI_(?:JOB|PIPELINE|COMMIT|PROJECT|RUNNER|SERVER)_\w+|GITHUB_ACTIONS|npm_(?:lifecycle_(?:event|script)|command))\b/g,
  },
  {
    code: 'test_detection',
    name: variable,
    pattern: new RegExp(String.raw`["'\x60](?:${variables})["'\x60]|\benv\s*\??\.\s*(?:${variables})\b`, 'g'),
    in: script,
    needs: /\benv\b/,
  },
  {
    code: 'test_detection',
    name: variable,
    pattern: new RegExp(String.raw`\.\s*(?:CI|VITEST|GITLAB_CI)\b(?!\s*[.(])`, 'g'),
    in: script,
    needs: /=\s*(?:global(?:This)?\s*\.\s*)?process\s*\.\s*env\b/,
  },
  {
    code: 'test_detection',
    name: variable,
    pattern: new RegExp(String.raw`\{[^{}]{0,200}\b(?:${variables})\b[^{}]{0,200}\}\s*=\s*[\w.\s]{0,30}\benv\b`, 'g'),
    in: script,
  },
  {
    code: 'test_detection',
    name: running,
    pattern:
      /\bNODE_ENV\b[^\n]{0,20}["'`]test|["'`]test["'`]\s*[!=]==?[^\n]{0,40}\bNODE_ENV\b|\bimport\.meta\.(?:vitest|env\.(?:VITEST|TEST|CI))\b|\bimport\.meta\s*(?:\?\.)?\[|\btypeof\s+(?:jest|vi|describe|it|test|expect|beforeEach|afterEach)\b|["'`](?:describe|jest|vi|vitest|expect)["'`]\s+in\s+|\bglobal(?:This)?\s*(?:\??\.\s*|(?:\?\.)?\[\s*["'`])(?:jest|vi|vitest|describe|it|expect|__vitest\w*)\b|\b__vitest\w*/g,
    in: script,
    notInTests: true,
  },
  {
    code: 'test_detection',
    name: running,
    pattern:
      /["'`](?:vitest|jest|mocha|node:test)(?:[/.][^"'`\n]{0,60})?["'`]|\bargv\b[^\n]{0,60}["'`][^"'`\n]{0,30}(?:test|vitest|jest)|\bexecArgv\b/gi,
    in: script,
    notInTests: true,
    needs: /\b(?:argv|execArgv|env|require|createRequire|globalThis|stack)\b|\bimport\s*\(/,
  },
  {
    code: 'test_detection',
    name: caller,
    pattern:
      /\.\s*stack\s*\??\.\s*(?:includes|match|matchAll|split|indexOf|search|startsWith|at|slice)\b|\.test\s*\([^()\n]{0,60}(?:\([^()\n]{0,40}\)[^()\n]{0,20})?\.\s*stack\b|\bprepareStackTrace\b|\bcaptureStackTrace\s*\(\s*(?!this\b)\w/g,
    in: script,
    notInTests: true,
  },
  {
    code: 'test_detection',
    name: variable,
    pattern: new RegExp(String.raw`["'](?:${variables})["']`, 'g'),
    in: python,
    needs: /\b(?:environ|environb|getenv)\b/,
  },
  {
    code: 'test_detection',
    name: 'a look at whether a test framework is loaded',
    pattern: /["'](?:_?py\.?test|PYTEST|unittest|nose2?\b)[\w.]*["']/g,
    in: python,
    notInTests: true,
    needs: /\b(?:modules|find_spec|import_module|__import__|argv|environ|getenv|metadata)\b/,
  },
  {
    code: 'test_detection',
    name: 'a look at whether a test framework is loaded',
    pattern:
      /["'](?:_?pytest|unittest|nose\d?)[\w.]*["'][^\n]{0,40}\bmodules\b|\bmodules\b[^\n]{0,40}["'](?:_?pytest|unittest|nose\d?)|\bargv\b[^\n]{0,60}\b(?:py)?test|\b(?:py)?test\w*["'][^\n]{0,30}\bargv\b/g,
    in: python,
    notInTests: true,
  },
  {
    code: 'test_detection',
    name: caller,
    pattern:
      /\binspect\s*\.\s*(?:stack|trace|currentframe|getouterframes)\b|\bfrom\s+inspect\s+import\b[^\n]{0,200}\b(?:stack|trace|currentframe|getouterframes)\b|\b(?:_getframe|_current_frames|extract_stack|walk_stack|format_stack|tb_frame|f_back|f_code|orig_argv)\b|\/proc\/[^"'\n]{0,40}(?:cmdline|environ|comm\b|exe\b)|\bargv\s*\[\s*0\s*\]\s*(?:[!=]=|\.\s*(?:endswith|startswith|find|index|count|lower)\b)|\bin\s+(?:sys\s*\.\s*)?argv\s*\[\s*0\s*\]/g,
    in: python,
    notInTests: true,
  },
  {
    code: 'test_detection',
    name: running,
    pattern:
      /\btesting\.Testing\s*\(|flag\.Lookup\s*\(\s*"test\.|"\.test"\s*\)|\bcfg!\s*\(\s*test\s*\)|\bgetenv\s*\(\s*"CI"|\bGetenv\s*\(\s*"(?:CI|GITLAB_CI)"|ENV\[["']CI["']\]/g,
    in: ['other'],
    notInTests: true,
  },
]
