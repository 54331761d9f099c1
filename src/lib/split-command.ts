/**
 * Splits a command line into its words as a shell would, without running one: single quotes keep all, double quotes
 * know `\"` and `\\`, a backslash outside quotes keeps the next character. An open quote ends with the text.
 */
export function splitCommand(command: string): string[] {
  const pieces = command.matchAll(/'([^']*)'?|"((?:[^"\\]|\\[\s\S])*)"?|\\([\s\S])|(\s+)|([^\s'"\\]+)|\\$/gu)
  const words: string[] = []
  let word: string | undefined
  for (const [, single, double, escaped, space, plain] of pieces) {
    if (space === undefined) {
      word = (word ?? '') + (single ?? double?.replaceAll(/\\(["\\])/gu, '$1') ?? escaped ?? plain ?? '')
      continue
    }
    if (word !== undefined) words.push(word)
    word = undefined
  }
  return word === undefined ? words : [...words, word]
}

/** Whether a quote of a command line is left open. */
export function hasOpenQuote(command: string): boolean {
  return /['"]/u.test(command.replaceAll(/'[^']*'|"(?:[^"\\]|\\[\s\S])*"|\\[\s\S]/gu, ''))
}
