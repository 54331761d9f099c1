const charactersPerToken = 4
/** Scripts without spaces between words: most of their characters are a token of their own or nearly so. */
const denseScripts = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu
const denseCharactersPerToken = 1.5

/**
 * An estimate of the tokens in a text, for budgets and displays where no server has counted: 4 characters a token,
 * 1.5 for Chinese, Japanese and Korean. Real tokenizers differ from it by a third either way.
 */
export function estimateTokens(text: string): number {
  const dense = text.match(denseScripts)?.length ?? 0
  return Math.ceil((text.length - dense) / charactersPerToken + dense / denseCharactersPerToken)
}
