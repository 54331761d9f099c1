const letters = { en: /[a-z]/i, zh: /\p{Script=Han}/u, ru: /\p{Script=Cyrillic}/u }

/** A check of one's own: gets the answer and what is known of the trial, gives a verdict with its reason. */
export function speaks(answer, { inputs }) {
  const { language } = inputs
  const pass = letters[language].test(answer)
  return { pass, reason: pass ? '' : `no ${language} in: ${answer}` }
}
