import type { GuardCode } from '../domain/repair.ts'
import type { Language } from './guard-language.ts'

/** Something that a patch must not add. Patterns are global and take linear time. */
export interface Marker {
  readonly code: GuardCode
  /** What it is, in words. */
  readonly name: string
  readonly pattern: RegExp
  /** Counted only in files that hold this too; not global. */
  readonly needs?: RegExp | undefined
  /** Languages in which it counts; all but prose where absent. */
  readonly in?: readonly Language[] | undefined
  /** Only told; otherwise the patch is refused. */
  readonly warns?: boolean | undefined
  /** Not counted in files that are tests by their path. */
  readonly notInTests?: boolean | undefined
}

const shell: readonly Language[] = ['shell', 'yaml', 'json']
const script: readonly Language[] = ['script']
const python: readonly Language[] = ['python']
const called = 'describe|it|test|suite|context|specify|bench'

const skips: readonly Marker[] = [
  {
    code: 'skip_marker',
    name: 'a skip of pytest',
    pattern: /\bpytest\s*\.\s*(?:mark\s*\.\s*)?(?:skip|skipif|xfail|importorskip|exit)\b/g,
  },
  { code: 'skip_marker', name: 'a skip mark', pattern: /\bmark\s*\.\s*(?:skip|skipif|xfail)\b/g },
  {
    code: 'skip_marker',
    name: 'a skip of pytest',
    pattern: /\bfrom\s+_?pytest[\w.]*\s+import\b[^\n]*\b(?:skip|xfail|importorskip|exit)\b/g,
  },
  {
    code: 'skip_marker',
    name: 'a skip of unittest',
    pattern: /\b(?:skipTest|SkipTest|skipIf|skipUnless|expectedFailure|unittest\s*\.\s*skip)\b|@skip\b/g,
    in: python,
  },
  {
    code: 'skip_marker',
    name: 'a hook that takes tests out',
    pattern:
      /\b(?:pytest_collection_modifyitems|pytest_ignore_collect|pytest_runtest_\w+|pytest_pyfunc_call|collect_ignore\w*|pytest_sessionfinish)\b|__test__\s*=\s*(?:False|None|0|\{)/g,
  },
  {
    code: 'skip_marker',
    name: 'a skip of a doctest',
    pattern: /\bdoctest:\s*\+(?:SKIP|IGNORE_EXCEPTION_DETAIL)\b/g,
    in: ['python', 'prose'],
  },
  {
    code: 'skip_marker',
    name: '`.skip`, `.only`, `.todo` or `.fails` of a test',
    pattern: new RegExp(
      String.raw`\b(?:${called}|t|this|ctx)\s*\??\.\s*(?:(?:concurrent|sequential|each|serial)\s*\.\s*)?(?:skip|skipIf|runIf|only|todo|fails|failing|fixme)\b`,
      'g',
    ),
    in: script,
  },
  {
    code: 'skip_marker',
    name: '`xit`, `fit` and the like',
    pattern: /(?<![\w.$])(?:x(?:it|describe|test|context|specify)|f(?:it|describe))\s*\(\s*["'`]/g,
    in: script,
  },
  {
    code: 'skip_marker',
    name: 'a skip option of a test',
    pattern: /\b(?:skip|todo|only)\s*:\s*(?:true|["'`])/g,
    in: script,
  },
  {
    code: 'skip_marker',
    name: 'a skipped test',
    pattern:
      /\b[tbf]\s*\.\s*(?:Skip|Skipf|SkipNow)\s*\(|@(?:Disabled|Ignore|DisabledIf\w*|DisabledOn\w*)\b|\bassume(?:True|False|That)\s*\(|#\[ignore\b|\[(?:Ignore|Fact\s*\(\s*Skip|Theory\s*\(\s*Skip)|\bmarkTest(?:Skipped|Incomplete)\b|\bXCTSkip|^[ \t]*\/\/go:build\s+ignore\b/gm,
    in: ['other'],
  },
]

const silencers: readonly Marker[] = [
  {
    code: 'silenced',
    name: 'a comment that silences a linter',
    pattern:
      /\b(?:eslint|oxlint|tslint|stylelint|jshint|standard|rubocop|phpcs|ktlint|swiftlint|hadolint|yamllint|markdownlint)[-:]?\s?(?:disable|ignore)\b|\bbiome-ignore\b|\bprettier-ignore\b|\bshellcheck\s+disable\b|\bNOLINT\b|\/\/\s?nolint\b|\bNOSONAR\b|#\s?nosec\b|\bnosemgrep\b/gi,
  },
  {
    code: 'silenced',
    name: 'a comment that silences a Python check',
    pattern:
      /#\s*(?:noqa|type:\s*ignore|pyright:|mypy:|pylint:\s*(?:disable|skip)|ruff:|flake8[:=]|fmt:\s*(?:off|skip)|isort:\s*skip|pytype:|pyre-)/gi,
    in: python,
  },
  {
    code: 'silenced',
    name: 'a comment that silences every Python check of its line',
    pattern: /#\s*(?:noqa(?!\s*:\s*[A-Z])|type:\s*ignore(?!\s*\[))/gi,
    in: python,
  },
  {
    code: 'silenced',
    name: 'a comment that silences the type checker',
    pattern: /@ts-(?:ignore|nocheck|expect-error)\b/g,
    in: script,
  },
  {
    code: 'silenced',
    name: 'a type that allows everything',
    pattern: /\bas\s+(?:any|never|unknown\s+as)\b|[:<]\s*any\b/g,
    in: script,
    warns: true,
  },
  {
    code: 'silenced',
    name: 'a comment that silences all rules',
    pattern: /\b(?:eslint|oxlint)-disable(?:-next-line|-line)?[ \t]*(?:\*\/|$)/gm,
    in: script,
  },
  {
    code: 'silenced',
    name: 'a comment that hides code from coverage',
    pattern:
      /\bpragma:?\s{0,3}no\s?(?:cover|branch)\b|\b(?:istanbul|c8|v8|node:coverage)[: ]+(?:ignore|disable)\b|\bLCOV_EXCL|\bGCOV_EXCL|\bcoverage:ignore\b|@codeCoverageIgnore|#\[coverage\(off\)\]/gi,
  },
  {
    code: 'silenced',
    name: 'an attribute that silences the compiler',
    pattern:
      /#!?\[\s*(?:allow|expect)\s*\(|@SuppressWarnings\b|@Suppress\s*\(|#pragma\s+(?:warning\s*(?:\(\s*)?disable|GCC\s+diagnostic\s+ignored|clang\s+diagnostic\s+ignored)|@phpstan-ignore|@psalm-suppress|\[SuppressMessage/g,
    in: ['other'],
  },
  {
    code: 'silenced',
    name: 'warnings turned off',
    pattern: /\bwarnings\s*\.\s*(?:filterwarnings|simplefilter)\s*\(\s*["']ignore/g,
    in: python,
  },
  {
    code: 'silenced',
    name: 'an exit code thrown away',
    pattern:
      /\|\|\s*(?:true|:|exit\s+0|return\s+0|echo\b)(?!\w)|;\s*true[ \t]*(?:$|["';&)}])|\bset\s+\+(?:e|o\s+(?:errexit|pipefail))|\ballow_failure\b|\bcontinue-on-error\b|(?:^|[;&|\s"'({])exit\s+0\b|\bset\s+\+[a-z]*e/gm,
    in: shell,
  },
  {
    code: 'silenced',
    name: 'an exit code thrown away in a command',
    pattern: /\|\|\s*(?:true|:|exit 0)\s*["'`]/g,
    in: ['python', 'script', 'other'],
  },
  {
    code: 'silenced',
    name: 'an exception that is swallowed',
    pattern: /\bexcept(?:\s+(?:Base)?Exception(?:\s+as\s+\w+)?)?\s*:\s*(?:pass\b|\.\.\.)/g,
    in: python,
    warns: true,
  },
  {
    code: 'silenced',
    name: 'an exception that is swallowed',
    pattern: /\bcatch\s*(?:\(\s*\w{0,40}\s*\))?\s*\{\s*\}/g,
    in: script,
    warns: true,
  },
]

/** What a patch must not add, whatever it is for. */
export const plainMarkers: readonly Marker[] = [...skips, ...silencers]
