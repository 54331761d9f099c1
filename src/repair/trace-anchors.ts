/** A kind of line that tells of a failure. */
interface AnchorRule {
  readonly weight: number
  readonly pattern: RegExp
}

/** Weight of lines that name a failed test. */
export const namingWeight = 80

// Tried in this order on one line of at most 4,000 characters; the first that fits gives the weight.
const rules: readonly AnchorRule[] = [
  // Which test failed, without the reason: what says why is worth more where there is no room for both.
  ...[
    // pytest, unittest
    /^_{3,} .{1,200}? _{3,}$/,
    /^(?:FAILED|ERROR) \S{1,300}(?:::\S| - )/,
    /^(?:FAIL|ERROR): \S{1,200} \(/,
    // vitest, jest, node:test
    /^\s{0,4}FAIL\s+\S/,
    /^\s{0,8}(?:×|✗|✕|●|✖) (?!failing tests:)\S/,
    /^\s{0,40}not ok \d+/,
    // go
    /^\s{0,40}--- FAIL: /,
    // gradle, rspec, gtest
    /^\S.{0,200} > .{1,200} FAILED$/,
    /^rspec \.\/\S/,
    /^\[ {2}FAILED {2}\] \w/,
  ].map((pattern) => ({ weight: namingWeight, pattern })),
  // Parts of a failure that look the same in every test.
  {
    weight: 70,
    pattern: /^\s{2,8}(?:Expected|Received)(?: \w{1,20})?: |^\s{1,40}(?:code|name): '(?:ERR_ASSERTION|AssertionError)'/,
  },
  ...[
    // pytest
    /^E {2,}\S/,
    /^\S{1,300}\.py:\d+: (?:[\w.]{1,100}$|error: )/,
    // any
    /\bAssertionError\b|\bERR_ASSERTION\b|\bexpect\(received\)|\bAssertionFailedError\b|\bComparisonFailure\b/,
    // go
    /^\s{0,40}\S{1,300}_test\.go:\d+: /,
    /^(?:\.\/|\w)\S{0,300}\.go:\d+:\d+: /,
    /^panic: |panicked at /,
    // Java
    /^\[ERROR\] .{0,300}\.java:\[\d+,\d+\]/,
    /^\[ERROR\] .{0,300}(?:<<< (?:FAILURE|ERROR)!|\w:\d+ )/,
    /^\S{1,300}\.(?:java|kt|scala):\d+: error: /,
    // compilers and linters
    /\(\d+,\d+\): error (?:TS|CS)\d+/,
    /:\d+:\d+ - error TS\d+/,
    /^\s{1,8}\d+:\d+\s{1,8}error\s/,
    /^\S{1,300}:\d+:\d+: (?:[A-Z]{1,4}\d{2,4} |(?:fatal )?error: )/,
    /^\S{1,300}:\d+: error: /,
    /^e: .{0,300}\.kts?:\d+/,
    /(?:,-|╭─)\[\S{1,300}:\d+:\d+\]/,
    /: undefined reference to |^\S{1,300}:\d+: Failure$|^\s{0,8}Failure\/Error: /,
    /^error\[E\d+\]: |^\s{1,6}--> \S{1,300}:\d+:\d+/,
  ].map((pattern) => ({ weight: 100, pattern })),
  // Closing words of a tool, and of the runner, name no cause.
  {
    weight: 2,
    pattern:
      /^\[ERROR\](?: *$| (?:To see the full|Re-run Maven|For more information|\[Help|After correcting))|^npm (?:ERR!|error) (?:A complete log|This is probably|There is likely)/,
  },
  { weight: 15, pattern: /\bexit(?:ed with)? (?:code|status):? [1-9]|^ERROR: Job failed/ },
  // A count of failures has a place of its own, so that it is seen, but names no cause.
  { weight: 50, pattern: /^\[ERROR\] +Tests run: \d+|^=+ .{0,200}\d+ failed|^FAILED \((?:failures|errors)=/ },
  ...[
    /^Traceback \(most recent call last\)/,
    /^(?:\w+\.){0,8}[A-Z]\w{0,100}(?:Error|Exception|Interrupt)(?: \[\w{1,60}\])?(?::|$)/,
    /^\s{0,8}(?:Uncaught )?[A-Z]?\w{0,100}Error(?: \[\w{1,60}\])?: /,
    /^Exception in thread |^Caused by: |^\s{0,8}Unhandled /,
    /Segmentation fault|core dumped|heap out of memory|OutOfMemoryError|MemoryError/,
    /: command not found$|: not found$/,
    // Formatters name a file without a word of error.
    /^would reformat \S|^\[(?:warn|error)\] \S{1,300}\.\w{1,8}$/,
  ].map((pattern) => ({ weight: 60, pattern })),
  {
    weight: 45,
    pattern: /^\[ERROR\] (?:Failed to execute goal|COMPILATION ERROR)|^npm (?:ERR!|error) |^make(?:\[\d+\])?: \*\*\* /,
  },
  {
    weight: 30,
    pattern: /^\[?(?:ERROR|FATAL)\b|\b(?:error|fatal)(?:\[\w{1,30}\])?:|No such file or directory|Permission denied/i,
  },
  { weight: 10, pattern: /\bfail(?:ed|ure|ures)?\b/i },
  { weight: 5, pattern: /\bwarn(?:ing)?\b/i },
]

const hint =
  /fail|err|exception|traceback|interrupt|assert|panic|not ok|[×✗✕●✖]|warn|^E  |^___|\(\d+,\d+\)|:\d+:|expect|received|caused|unhandled|fault|dumped|memory|not found|no such|denied|fatal|exit|--> |reformat|reference|\[\S+:\d+:\d+\]|^rspec|^e: |\*\*\*/i

/** How much a line tells of a failure, 0 to 100: framework block, exception, `error:`, exit code, warning, nothing. */
export function anchorWeight(line: string): number {
  if (!hint.test(line)) return 0
  for (const { weight, pattern } of rules) if (pattern.test(line)) return weight
  return 0
}
