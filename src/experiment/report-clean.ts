/** A value with every text in it, names of members included, rewritten; the same value where that changes nothing. */
export function rewriteTexts<T>(value: T, rewrite: (text: string) => string): T {
  return rewritten(value, rewrite) as T
}

function rewritten(value: unknown, rewrite: (text: string) => string): unknown {
  if (typeof value === 'string') return rewrite(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const members = value.map((member: unknown) => rewritten(member, rewrite))
    return members.some((member, index) => member !== value[index]) ? members : value
  }
  // Most objects hold nothing to rewrite, and there are many of them.
  let isChanged = false
  const entries: [string, unknown][] = []
  for (const [key, member] of Object.entries(value)) {
    const [name, made] = [rewrite(key), rewritten(member, rewrite)]
    if (name !== key || made !== member) isChanged = true
    entries.push([name, made])
  }
  return isChanged ? Object.fromEntries(entries) : value
}

// What a terminal or a reader of JavaScript might take for a command, and what turns the direction of reading around.
const unsafe = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** JSON that is safe to show in a terminal: the same value, with every character that could command one spelled out. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replaceAll(
    unsafe,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
