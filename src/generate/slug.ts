const letters = 'абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґў'
const sounds = 'a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya e i yi ye g u'.split(' ')

/**
 * Lower-case ASCII words joined by `_`. Accents are dropped and Cyrillic is transliterated; other scripts leave
 * nothing, so the result may be empty. Cut at a word after about `limit` characters.
 */
export function slugOf(text: string, limit = 60): string {
  const latin = text
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[а-яёіїєґў]/gu, (letter) => sounds[letters.indexOf(letter)]?.replace('-', '') ?? letter)
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/['’]/gu, '')
  const words = latin.split(/[^a-z0-9]+/u).filter((word) => word !== '')
  let slug = ''
  for (const word of words) {
    if (slug !== '' && slug.length + word.length >= limit) break
    slug = slug === '' ? word.slice(0, limit) : `${slug}_${word}`
  }
  return slug
}

/** Gives names that were taken before a suffix: `a`, `a_2`, `a_3`. One namer per scope. */
export function uniqueNamer(taken: Iterable<string> = []): (name: string) => string {
  const used = new Set(taken)
  return (name) => {
    let chosen = name
    for (let count = 2; used.has(chosen); count++) chosen = `${name}_${count}`
    used.add(chosen)
    return chosen
  }
}
