/** Whether a path is meant. */
export type PathMatcher = (path: string) => boolean

const maxGlobs = 500
const maxForms = 64

/**
 * Matches paths against globs: `*` and `?` within a component, `**` for any number of components, `{a,b}` for a choice, a slash at the end
 * for all that lies below. Time is bounded by the product of the lengths, whatever glob and path.
 */
export function globMatcher(globs: readonly string[]): PathMatcher {
  const patterns = globs.slice(0, maxGlobs).flatMap((glob) => choices(glob).map(componentsOf))
  return (path) => {
    const components = path.split('/')
    return patterns.some((pattern) => matchList(pattern, components, matchName))
  }
}

function componentsOf(glob: string): string[] {
  const clean = glob.replace(/^(?:\.\/|\/)/, '')
  return (clean.endsWith('/') ? `${clean}**` : clean).split('/')
}

/** A glob with its braces written out; beyond 64 forms the rest stays as it is. */
function choices(glob: string): string[] {
  const forms = [glob]
  for (let at = 0; at < forms.length && forms.length < maxForms;) {
    const found = /\{([^{}]*,[^{}]*)\}/.exec(forms[at] ?? '')
    if (found === null) {
      at++
      continue
    }
    const form = forms[at] ?? ''
    const [head, tail] = [form.slice(0, found.index), form.slice(found.index + found[0].length)]
    forms.splice(at, 1, ...(found[1] ?? '').split(',').map((choice) => head + choice + tail))
  }
  return forms.slice(0, maxForms * 4)
}

/** Matches two lists, where `**` in the first stands for any number of elements; goes back to the last one only. */
function matchList(
  pattern: readonly string[],
  items: readonly string[],
  same: (a: string, b: string) => boolean,
): boolean {
  let [at, item, star, mark] = [0, 0, -1, 0]
  while (item < items.length) {
    const part = pattern[at]
    if (part === '**') {
      star = at++
      mark = item
    } else if (part !== undefined && same(part, items[item] ?? '')) {
      at++
      item++
    } else if (star >= 0) {
      at = star + 1
      item = ++mark
    } else return false
  }
  // `a/**` means what lies below `a`, not `a` itself.
  const rest = pattern.slice(at)
  return rest.length === 0 || (rest.every((part) => part === '**') && star >= 0)
}

function matchName(pattern: string, name: string): boolean {
  let [at, sign, star, mark] = [0, 0, -1, 0]
  while (sign < name.length) {
    const char = pattern[at]
    if (char === '*') {
      star = at++
      mark = sign
    } else if (char !== undefined && (char === '?' || char === name[sign])) {
      at++
      sign++
    } else if (star >= 0) {
      at = star + 1
      sign = ++mark
    } else return false
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}
