import type { Language } from './guard-language.ts'
import type { Marker } from './guard-markers.ts'

const script: readonly Language[] = ['script']
const python: readonly Language[] = ['python']
const frameworks =
  'vitest|jest|@jest\\/[\\w-]+|@vitest\\/[\\w-]+|mocha|chai|ava|tap|jasmine|sinon|node:test|uvu|@playwright\\/test|cypress'
const framework = 'a test framework in code that is no test'
const ground = 'a change of what assertions rest on'
const evidence = 'words or files by which tests tell how they went'
const builtin =
  'Object|Array|Function|String|Number|Boolean|Symbol|Promise|Reflect|Proxy|Error|Math|Date|JSON|RegExp|Map|Set'
const checks = 'ok|equal|notEqual|strictEqual|notStrictEqual|deepEqual|deepStrictEqual|throws|rejects|match|fail'

/** What reaches into the framework that tests run in, or into the language below it. */
export const tamperMarkers: readonly Marker[] = [
  {
    code: 'test_detection',
    name: framework,
    pattern:
      /^[ \t]*(?:import|from)[ \t]+_?(?:pytest|unittest|nose|doctest)\b|\b(?:__import__|import_module)\s*\(\s*["']_?(?:pytest|unittest|pluggy)|\bpytest_plugins\b|\bpytest_\w+\s*=|\bdef\s+pytest_/gm,
    in: python,
    notInTests: true,
  },
  {
    code: 'test_detection',
    name: framework,
    pattern: new RegExp(
      String.raw`(?:\bfrom|\brequire\s*\(|\bimport\s*\(|\bimport)\s*["'\x60](?:${frameworks})["'\x60/]`,
      'g',
    ),
    in: script,
    notInTests: true,
  },
  {
    code: 'test_detection',
    name: ground,
    pattern: new RegExp(
      [
        String.raw`\bbuiltins\s*\.\s*\w+\s*=(?!=)|\bsetattr\s*\(\s*(?:builtins|unittest|_?pytest)\b|\b__builtins__\b`,
        String.raw`\b(?:TestCase|AssertionError|TestResult|TestReport)\s*\.\s*\w+\s*=(?!=)|["'](?:assert[A-Z]\w*|TestCase|AssertionError)["']`,
        String.raw`\bsys\s*\.\s*modules\s*(?:\[[^\]\n]{1,100}\]\s*=(?!=)|\.\s*(?:update|pop|setdefault|clear)\s*\()`,
        String.raw`\bsys\s*\.\s*(?:meta_path|path_hooks|path_importer_cache)\b|\bast\s*\.\s*[A-Z]\w*\s*=(?!=)`,
        String.raw`\.\s*__code__\s*=(?!=)|\bgc\s*\.\s*get_(?:objects|referrers)\b|\b__globals__\b`,
        String.raw`\b(?:vars\s*\(\s*(?:sys|os|builtins)\s*\)|(?:sys|os|builtins)\s*\.\s*__dict__)`,
        String.raw`\bgetattr\s*\(\s*(?:sys|os|builtins)\s*,(?!\s*["']\w{1,60}["']\s*[,)])`,
      ].join('|'),
      'g',
    ),
    in: python,
    notInTests: true,
  },
  {
    code: 'test_detection',
    name: 'what equals everything',
    pattern:
      /\bdef\s+__(?:eq|ne)__\b[^\n]*:\s*return\s+(?:True|False|1|0|not\s+(?:True|False|0|1))[ \t]*(?=[\r\n#;]|$)|\b__(?:eq|ne)__["']?\s*[=:]\s*lambda\b[^\n]{0,60}:\s*(?:True|False|1|0)\b/g,
    in: python,
  },
  {
    code: 'test_detection',
    name: 'an equality of its own',
    pattern: /\b__(?:eq|ne)__\b/g,
    in: python,
    notInTests: true,
    warns: true,
  },
  {
    code: 'test_detection',
    name: ground,
    pattern: new RegExp(
      [
        String.raw`\b(?:assert|expect|chai|jest|vi)\s*\.\s*[\w.]{1,60}\s*=(?![=>])|\basymmetricMatch\b|\bjest\.asymmetricMatcher\b`,
        String.raw`\b(?:${builtin})\s*(?:\.\s*prototype\s*)?(?:\.\s*(?!prototype\b)\w{1,60}|\[[^\]\n]{1,60}\])\s*=(?![=>])`,
        String.raw`\bObject\s*\.\s*(?:defineProperty|defineProperties|assign|setPrototypeOf)\s*\(\s*(?:${builtin}|global(?:This)?|assert|expect|console)\s*(?:,|\.\s*prototype\b)`,
        String.raw`\bconstructor\s*\.\s*constructor\b|\bconstructor\s*\(\s*["'\x60]return\b|\bset(?:Timeout|Interval|Immediate)\s*\(\s*["'\x60]`,
        String.raw`\bModule\s*\.\s*_\w+|\brequire\s*\.\s*(?:cache|extensions)\b|\bimport\s*\(?\s*["'\x60]data:|\bregister(?:Hooks)?\b[^\n]{0,60}\bfrom\s*["'](?:node:)?module["']`,
      ].join('|'),
      'g',
    ),
    in: script,
    notInTests: true,
  },
  {
    code: 'test_detection',
    name: ground,
    pattern: new RegExp(String.raw`\.\s*(?:${checks})\s*=(?![=>])|\bObject\s*\.\s*(?:assign|defineProperty)\s*\(`, 'g'),
    in: script,
    notInTests: true,
    needs: /["'](?:node:)?assert(?:\/strict)?["']/,
  },
  {
    code: 'test_detection',
    name: evidence,
    pattern:
      /["'`/]junit[\w.-]{0,40}\.xml\b|<testsuites?\b|<testcase\b|["'`][^"'`\n]{0,60}(?:\b\d{1,9} passed\b|(?:\}|%[ds]) passed(?: in |,|\s*\())|["'`][^"'`\n]{0,10}\bRan (?:\d|[{$%])|["'`]test result: ok/g,
    in: ['python', 'script', 'other'],
    notInTests: true,
  },
  {
    code: 'test_detection',
    name: 'a path of tests in code that writes or removes files',
    pattern:
      /["'`](?:[^"'`\n]{0,80}[/\s])?(?:tests?|__tests__|spec)\/[^"'`\n]{0,80}["'`]|["'`][^"'`\n]{0,80}\/(?:tests?|__tests__)["'`]|\b(?:rmtree|remove|unlink|rename|rmSync|Path)\s*\(\s*["'`]tests?["'`]/g,
    in: ['python', 'script'],
    notInTests: true,
    needs:
      /\b(?:write\w*|remove|unlink\w*|rmtree|rename\w*|rm\w*Sync|truncate\w*|copyfile|system|popen|exec\w*|spawn\w*)\s*\(|\bsubprocess\b|\bopen\s*\([^\n]{0,100}["'][wax]/,
  },
  {
    code: 'silenced',
    name: 'a command that ends other processes',
    pattern: /["'`](?:pkill|killall|kill\s+-)/g,
    in: ['python', 'script'],
  },
  {
    code: 'test_detection',
    name: 'a program that writes over itself',
    pattern:
      /\bopen\s*\(\s*__file__|\bPath\s*\(\s*__file__\s*\)\s*\.\s*(?:write|unlink)|\b(?:write|append|unlink|rm)\w*\s*\(\s*(?:__filename|import\.meta\.(?:filename|url))/g,
    in: ['python', 'script'],
  },
  {
    code: 'reaches_out',
    name: 'files that are removed',
    pattern:
      /\bos\s*\.\s*(?:remove|unlink|removedirs|rmdir)\s*\(|\bshutil\s*\.\s*rmtree\b|\.\s*unlink\s*\(|\b(?:rm|unlink|rmdir)Sync\s*\(/g,
    in: ['python', 'script'],
    warns: true,
  },
]
