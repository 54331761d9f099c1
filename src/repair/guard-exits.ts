import type { Language } from './guard-language.ts'
import type { Marker } from './guard-markers.ts'

const script: readonly Language[] = ['script']
const python: readonly Language[] = ['python']
const ends = 'an end of the process as if all were well'
const late = 'code that runs when the process ends'
/** What an exit code of 0 may be written as; brackets and signs with noughts alone. */
const pythonZero = String.raw`(?:0[0_xobXOB*&+\d ]{0,20}|(?:os\s*\.\s*)?EX_OK|None|False|int\s*\(\s*\)|not\s+(?:True|1))?\s*,?\s*`
const scriptZero = String.raw`(?:[+~!-]{0,3}\s*(?:0[0_xobn*&+. ]{0,20}|undefined|null|false|void\s+0|!0|""|''|\[\]))?\s*,?\s*`
const cover = String.raw`(?=[\s)\];,]|$)`

/** What ends a process before its tests have told how they went. */
export const exitMarkers: readonly Marker[] = [
  {
    code: 'silenced',
    name: ends,
    pattern: new RegExp(
      [
        String.raw`\bsys\s*\.\s*exit\s*\(\s*${pythonZero}\)`,
        String.raw`\bSystemExit\s*(?:\(\s*${pythonZero}\)|(?=[\r\n]|$))`,
        String.raw`(?<![\w.])(?:exit|quit)\s*\(\s*${pythonZero}\)`,
        String.raw`\b_exit\b(?!\s*=[^=])|\bos\s*\.\s*(?:abort\s*\(|(?:kill|killpg)\s*\(\s*(?:os\b|0\b))`,
        String.raw`\bos\s*\.\s*exec[lv]\w{0,3}\s*\(`,
        String.raw`\bfrom\s+sys\s+import\b[^\n]{0,200}\bexit\s+as\b`,
        String.raw`\bimport\s+(?:sys|os|signal|builtins)\s+as\b`,
        String.raw`\bsignal\s*\.\s*(?:raise_signal|pthread_kill)\b|\bfaulthandler\s*\.\s*dump_traceback_later\b`,
        String.raw`\bCDLL\s*\(\s*None\b|\bctypes\s*\.\s*pythonapi\b`,
      ].join('|'),
      'gm',
    ),
    in: python,
  },
  {
    code: 'silenced',
    name: ends,
    pattern: new RegExp(
      [
        String.raw`\bprocess\s*\??\.\s*(?:exit\s*\(\s*${scriptZero}\)|exitCode\s*=\s*(?:0|undefined|null|void\s+0)${cover}|reallyExit|abort\s*\(|kill\s*\(\s*process\s*\.\s*p?pid\b)`,
        String.raw`\bprocess\s*(?:\?\.)?\[(?!\s*["'\x60])|\bprocess\s*(?:\?\.)?\[\s*["'\x60](?:exit|reallyExit|kill|abort|env|argv)|\bglobal(?:This)?\s*(?:\?\.)?\[\s*["'\x60]process`,
        String.raw`\bexit(?:Code)?\b[^\n]{0,60}(?:\bfrom\s*["'](?:node:)?process["']|\}\s*=\s*process\b)`,
        String.raw`\b(?:const|let|var)\s+[\w$]{1,60}\s*=\s*(?:global(?:This)?\s*\.\s*)?process\s*(?:[;,]|$)`,
        String.raw`\bimport\s+(?:(?!process\b)[\w$]{1,60}|\*\s*as\s+(?!process\b)[\w$]{1,60})\s+from\s*["'](?:node:)?process["']`,
        String.raw`\b(?:Reflect\s*\.\s*\w+|Object\s*\.\s*(?:defineProperty|defineProperties|assign|entries|values))\s*\(\s*process\s*,`,
        String.raw`\b(?:Deno|Bun)\.exit\(\s*0?\s*\)`,
      ].join('|'),
      'gm',
    ),
    in: script,
  },
  {
    code: 'silenced',
    name: ends,
    pattern:
      /\b(?:os\.Exit|System\.exit|Environment\.Exit|exitProcess|(?:std::)?process::exit|Runtime\.getRuntime\(\)\.halt)\s*\(\s*0\s*\)/g,
    in: ['other'],
  },
  {
    code: 'silenced',
    name: late,
    pattern:
      /\batexit\b|\bdef\s+__del__\b|\bsys\s*\.\s*(?:excepthook|unraisablehook|settrace|setprofile)\b|\bthreading\s*\.\s*(?:excepthook|_shutdown)\b|\bweakref\s*\.\s*finalize\b/g,
    in: python,
    notInTests: true,
  },
  {
    code: 'silenced',
    name: late,
    pattern:
      /\bprocess\s*\??\.\s*(?:on|once|addListener|prependListener)\s*\(\s*["'`](?:exit|beforeExit|uncaughtException|unhandledRejection)/g,
    in: script,
    notInTests: true,
  },
  {
    code: 'silenced',
    name: 'a choice of tests, or a command that takes the place of another',
    pattern:
      /\s--(?:deselect|ignore(?:-glob)?|exit-zero|passWithNoTests|testPathIgnorePatterns|collect-only|co|test-name-pattern|exclude)(?=[\s=]|$)|\s-k\s+["']?not\b|\b(?:pytest|python3?|npm|npx|node|vitest|jest|tox|make)\s*\(\)\s*\{|^\s*!\s+(?:pytest|python3?|npm|npx|node|vitest|jest|tox|make)\b/gm,
    in: ['shell'],
  },
]
