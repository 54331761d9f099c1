/** Gives back a copy of a value with every text in it, names of members included, rewritten. */
export function rewriteTexts<T>(value: T, rewrite: (text: string) => string): T {
  return rewritten(value, rewrite) as T
}

function rewritten(value: unknown, rewrite: (text: string) => string): unknown {
  if (typeof value === 'string') return rewrite(value)
  if (Array.isArray(value)) return value.map((member) => rewritten(member, rewrite))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, member]) => [rewrite(key), rewritten(member, rewrite)] as const)
  return Object.fromEntries(entries)
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
