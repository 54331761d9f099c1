import { reduceTrace } from './trace.ts'

/** Best lines of the failure in the pipeline of which one has to be found here too. */
const comparedLines = 10

/**
 * Whether what a command printed here tells of the failure that the pipeline told of: a failed test in common where tests are
 * named, else one of the lines that matter most, with numbers and folders masked. Where nothing can be compared, it does.
 */
export function looksLike(printed: string, output: string): boolean {
  const options = { maxChars: 4000, redact: (text: string) => text }
  const there = reduceTrace(printed, options)
  const here = reduceTrace(output, options)
  if (there.failed.length > 0) return there.failed.some((line) => here.failed.includes(line))
  const wanted = there.anchors.slice(0, comparedLines)
  return wanted.length === 0 || wanted.some((line) => here.anchors.includes(line))
}
