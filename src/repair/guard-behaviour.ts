import type { Language } from './guard-language.ts'
import type { Marker } from './guard-markers.ts'

const script: readonly Language[] = ['script']
const python: readonly Language[] = ['python']
const variables =
  'CI|GITLAB_CI|GITHUB_ACTIONS|VITEST|VITEST_\\w+|JEST_WORKER_ID|NODE_TEST_CONTEXT|PYTEST_\\w+|TOX_ENV_NAME|BUILD_ID|CI_\\w+'
const frameworks =
  'vitest|jest|@jest\\/[\\w-]+|@vitest\\/[\\w-]+|mocha|chai|ava|tap|jasmine|sinon|node:test|uvu|@playwright\\/test|cypress'

const detections: readonly Marker[] = [
  {
    code: 'test_detection',
    name: 'a look at whether a test or pipeline is running',
    pattern:
      /\b(?:PYTEST_CURRENT_TEST|PYTEST_XDIST_WORKER\w*|PYTEST_VERSION|JEST_WORKER_ID|NODE_TEST_CONTEXT|VITEST_WORKER_ID|VITEST_POOL_ID|VITEST_MODE|GITLAB_CI|CI_(?:JOB|PIPELINE|COMMIT|PROJECT|RUNNER|SERVER)_\w+|GITHUB_ACTIONS)\b/g,
  },
  {
    code: 'test_detection',
    name: 'a look at a variable that is set in tests',
    pattern: new RegExp(
      String.raw`\bprocess\s*\??\.\s*env\s*(?:\??\.\s*(?:${variables})\b|(?:\?\.)?\[\s*["'\x60](?:${variables})["'\x60]\s*\])`,
      'g',
    ),
    in: script,
  },
  {
    code: 'test_detection',
    name: 'a look at a variable that is set in tests',
    pattern: new RegExp(
      String.raw`\{[^{}\n]{0,100}\b(?:${variables})\b[^{}\n]{0,100}\}\s*=\s*process\s*\.\s*env\b`,
      'g',
    ),
    in: script,
  },
  {
    code: 'test_detection',
    name: 'a look at whether tests run',
    pattern:
      /\bNODE_ENV\b[^\n]{0,20}["'`]test|\bimport\.meta\.(?:vitest|env\.(?:VITEST|TEST|CI))\b|\btypeof\s+(?:jest|vi|describe|it|test|expect|beforeEach|afterEach)\b|["'`](?:describe|jest|vi|vitest|expect)["'`]\s+in\s+|\bglobal(?:This)?\s*\??\.\s*(?:jest|vi|vitest|describe|it|expect|__vitest\w*)\b|\b__vitest\w*/g,
    in: script,
    notInTests: true,
  },
  {
    code: 'test_detection',
    name: 'a look at a variable that is set in tests',
    pattern: new RegExp(
      String.raw`\b(?:environ\s*(?:\.\s*get\s*\(|\[)|getenv\s*\()\s*["'](?:${variables})["']|["'](?:${variables})["']\s+(?:not\s+)?in\s+(?:os\s*\.\s*)?environ`,
      'g',
    ),
    in: python,
  },
  {
    code: 'test_detection',
    name: 'a look at whether a test framework is loaded',
    pattern:
      /["'](?:_?pytest|unittest|nose\d?)[\w.]*["'][^\n]{0,40}\bmodules\b|\bmodules\b[^\n]{0,40}["'](?:_?pytest|unittest|nose\d?)|\bargv\b[^\n]{0,60}\b(?:py)?test|\b(?:py)?test\w*["'][^\n]{0,30}\bargv\b|\binspect\s*\.\s*(?:stack|currentframe)\b|\bsys\s*\.\s*_getframe\b/g,
    in: python,
    notInTests: true,
  },
  {
    code: 'test_detection',
    name: 'a look at whether tests run',
    pattern:
      /\btesting\.Testing\s*\(|flag\.Lookup\s*\(\s*"test\.|"\.test"\s*\)|\bcfg!\s*\(\s*test\s*\)|\bgetenv\s*\(\s*"CI"|\bGetenv\s*\(\s*"(?:CI|GITLAB_CI)"|ENV\[["']CI["']\]/g,
    in: ['other'],
    notInTests: true,
  },
]

const tampering: readonly Marker[] = [
  {
    code: 'test_detection',
    name: 'a test framework in code that is no test',
    pattern:
      /^[ \t]*(?:import|from)[ \t]+_?(?:pytest|unittest|nose|doctest)\b|\b(?:__import__|import_module)\s*\(\s*["']_?(?:pytest|unittest|pluggy)|\bpytest_plugins\b/gm,
    in: python,
    notInTests: true,
  },
  {
    code: 'test_detection',
    name: 'a test framework in code that is no test',
    pattern: new RegExp(
      String.raw`(?:\bfrom|\brequire\s*\(|\bimport\s*\(|\bimport)\s*["'\x60](?:${frameworks})["'\x60/]`,
      'g',
    ),
    in: script,
    notInTests: true,
  },
  {
    code: 'test_detection',
    name: 'a change of what assertions rest on',
    pattern:
      /\bbuiltins\s*\.\s*\w+\s*=(?!=)|\bsetattr\s*\(\s*(?:builtins|unittest|_?pytest)\b|\b(?:TestCase|AssertionError|TestResult|TestReport)\s*\.\s*\w+\s*=(?!=)|\bdef\s+__eq__\b[^\n]*:\s*return\s+True\b/g,
    in: python,
  },
  {
    code: 'test_detection',
    name: 'a change of what assertions rest on',
    pattern:
      /\b(?:assert|expect|chai|jest|vi)\s*\.\s*[\w.]{1,60}\s*=(?![=>])|\bObject\s*\.\s*(?:is|prototype\s*\.\s*\w+)\s*=(?!=)|\bArray\s*\.\s*prototype\s*\.\s*\w+\s*=(?!=)|\bFunction\s*\.\s*prototype\s*\.\s*\w+\s*=(?!=)/g,
    in: script,
  },
]

const decoded = String.raw`b64decode|b32decode|b16decode|a85decode|unhexlify|fromhex|codecs\s*\.\s*decode|decompress|marshal|atob|["'\x60](?:base64|hex)["'\x60]|fromCharCode`
const hidden: readonly Marker[] = [
  {
    code: 'hidden_text',
    name: 'code that is decoded and run',
    pattern: new RegExp(
      String.raw`\b(?:exec|eval|compile|Function|__import__|runInThisContext|runInNewContext|loads)\s*\([^\n]{0,100}(?:\b(?:${decoded})|["'\x60](?:base64|hex)["'\x60])`,
      'g',
    ),
    in: ['python', 'script', 'other'],
  },
  {
    code: 'hidden_text',
    name: 'a decoded text that goes to a shell',
    pattern: /\bbase64\s+(?:-d|-D|--decode)\b[^\n]{0,200}\|\s*(?:ba|z|da|k)?sh\b/g,
  },
  {
    code: 'hidden_text',
    name: 'code that is put together while it runs',
    pattern: /(?<![\w.])(?:exec|eval)\s*\(|\bnew\s+Function\s*\(/g,
    in: ['python', 'script'],
    warns: true,
  },
]

const reaching: readonly Marker[] = [
  {
    code: 'hidden_text',
    name: 'a program that is started or a connection that is opened',
    pattern:
      /^[ \t]*(?:import|from)[ \t]+(?:subprocess|socket|urllib|requests|httpx|aiohttp|http\.client|ftplib|smtplib|pty|ctypes)\b|\bsubprocess\s*\.\s*\w+\s*\(|\bos\s*\.\s*(?:system|popen|exec\w+|spawn\w+)\s*\(|\b(?:requests|httpx)\s*\.\s*(?:get|post|put|request)\s*\(|\burlopen\s*\(/gm,
    in: python,
    warns: true,
  },
  {
    code: 'hidden_text',
    name: 'a program that is started or a connection that is opened',
    pattern:
      /(?:\bfrom|\brequire\s*\(|\bimport\s*\(|\bimport)\s*["'`](?:node:)?(?:child_process|net|http|https|http2|dgram|tls|worker_threads|vm)["'`]|\b(?:execSync|spawnSync|execFileSync)\s*\(|(?<![\w.])fetch\s*\(|\bnew\s+(?:WebSocket|XMLHttpRequest)\b/g,
    in: script,
    warns: true,
  },
  {
    code: 'hidden_text',
    name: 'a program that is started or a connection that is opened',
    pattern: /(?:^|[\s;&|(])(?:curl|wget|nc|ncat|ssh|scp)\s/gm,
    in: ['shell', 'yaml'],
    warns: true,
  },
]

/** What makes code behave otherwise where it is tested, hide what it does, or reach out. */
export const behaviourMarkers: readonly Marker[] = [...detections, ...tampering, ...hidden, ...reaching]
