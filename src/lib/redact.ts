/** Replaces secrets in texts. */
export interface Redactor {
  /** The text without secrets; the same string where it held none. */
  readonly text: (input: string) => string
  /** As {@link Redactor.text}, but test data such as `password="Corr3ct"` stays, so that code goes on working. */
  readonly source: (input: string) => string
  /** A copy of a value in which every string, keys included, went through {@link Redactor.text}. */
  readonly deep: <T>(value: T) => T
}

interface Rule {
  readonly name: string
  /** Substrings of which one must occur before the pattern is tried; they make texts without secrets cheap. */
  readonly hints: readonly string[]
  readonly pattern: RegExp
}

const addressHint = '://'

// Each pattern starts at a boundary or swallows what it scans, and repeats nothing inside a repetition: linear time.
const rules: readonly Rule[] = [
  {
    name: 'private key',
    hints: ['PRIVATE KEY'],
    // A block that was cut off before its end is still a key: it goes up to the end of the text.
    pattern:
      /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[^]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
  },
  {
    name: 'gitlab token',
    hints: 'pat cbt ptt rt rtr dt ft soat agent oas imt ffct'.split(' ').map((kind) => `gl${kind}-`),
    pattern: /(?<![A-Za-z0-9])gl(?:pat|cbt|ptt|rt|rtr|dt|ft|soat|agent|oas|imt|ffct)-[A-Za-z0-9_.=-]{8,300}/g,
  },
  { name: 'gitlab token', hints: ['GR1348941'], pattern: /GR1348941[A-Za-z0-9_-]{8,100}/g },
  { name: 'gitlab session', hints: ['_gitlab_session'], pattern: /(?<=_gitlab_session=)[A-Za-z0-9%._-]{8,300}/g },
  {
    name: 'jwt',
    hints: ['eyJ'],
    pattern: /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g,
  },
  {
    name: 'github token',
    hints: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'],
    pattern: /(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255})/g,
  },
  {
    name: 'llm key',
    hints: ['sk-', 'gsk_', 'hf_', 'xai-', 'pplx-', 'r8_', 'nvapi-'],
    pattern: /(?<![A-Za-z0-9])(?:sk-|gsk_|hf_|xai-|pplx-|r8_|nvapi-)(?=[A-Za-z_-]{0,60}[0-9])[A-Za-z0-9_-]{16,255}/g,
  },
  {
    name: 'aws key',
    hints: ['AKIA', 'ASIA', 'ABIA', 'ACCA'],
    pattern: /(?<![A-Za-z0-9])A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{16}(?![A-Za-z0-9])/g,
  },
  { name: 'google key', hints: ['AIza', 'ya29.'], pattern: /(?<![A-Za-z0-9])(?:AIza|ya29\.)[A-Za-z0-9_-]{30,300}/g },
  {
    name: 'slack token',
    hints: ['xox', 'xapp-'],
    pattern: /(?<![A-Za-z0-9])(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,300}/g,
  },
  { name: 'npm token', hints: ['npm_', 'pypi-'], pattern: /(?<![A-Za-z0-9])(?:npm_|pypi-)[A-Za-z0-9_-]{30,300}/g },
  {
    name: 'payment key',
    hints: ['k_live_', 'k_test_'],
    pattern: /(?<![A-Za-z0-9])[sr]k_(?:live|test)_[A-Za-z0-9]{10,200}/g,
  },
  { name: 'azure key', hints: ['AccountKey='], pattern: /(?<=AccountKey=)[A-Za-z0-9+/]{40,100}={0,2}/g },
  { name: 'password', hints: [addressHint], pattern: /(?<=:\/\/[^\s:/@"'<>]{0,100}:)[^\s:/@"'<>]{1,200}(?=@)/g },
  {
    name: 'authorization',
    hints: ['earer ', 'asic ', 'EARER ', 'ASIC '],
    pattern: /(?<=\b(?:bearer|basic) )(?=[A-Za-z_/+=.~-]{0,500}[0-9])[A-Za-z0-9_/+=.~-]{12,4000}/gi,
  },
]

/** All hints but the one that many texts hold: one pass over a text takes far less time than one for each hint. */
const rareHint = new RegExp(
  rules
    .flatMap(({ hints }) => hints)
    .filter((hint) => hint !== addressHint)
    .map(escapePattern)
    .join('|'),
)

const assignment =
  /(password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential)([\w-]{0,24}\\?["']?[ \t]{0,4}(?::|=|=>)[ \t]{0,4}\\?["']?)([^\s"'\\,;<>&(){}[\]:=][^\s"'\\,;<>&(){}[\]]{5,199})/gi

/**
 * A redactor of the given values, of their base64, URL-encoded and hexadecimal forms, and of everything that has the
 * shape of a well-known secret: GitLab, GitHub, cloud and model keys, JWT, PEM, credentials in URLs, and `password=…`
 * where the value is random enough. Values under four characters are ignored: they would blank out ordinary text.
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  const exact = exactPattern(secrets)
  const source = (input: string): string => {
    if (input.length < 4) return input
    let output = exact === undefined ? input : input.replaceAll(exact, '[redacted]')
    const isLikely = rareHint.test(output)
    for (const rule of rules) {
      if ((isLikely || rule.hints.includes(addressHint)) && rule.hints.some((hint) => output.includes(hint))) {
        output = output.replaceAll(rule.pattern, `[redacted ${rule.name}]`)
      }
    }
    return output
  }
  const text = (input: string): string => source(input).replaceAll(assignment, redactAssignment)
  return { text, source, deep: (value) => redactDeep(value, text) }
}

function exactPattern(secrets: readonly string[]): RegExp | undefined {
  const forms = new Set(secrets.filter((secret) => secret.length >= 4).flatMap(formsOf))
  if (forms.size === 0) return undefined
  // Longest first, so that a secret that begins with another one goes as a whole.
  const longestFirst = [...forms].sort((a, b) => b.length - a.length)
  return new RegExp(longestFirst.map(escapePattern).join('|'), 'g')
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)
}

/** A secret as itself and as tools print it: JSON, URL, hexadecimal, and base64 at each of its three offsets. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const hex = bytes.toString('hex')
  const forms = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.toWellFormed()),
    new URLSearchParams({ v: secret }).toString().slice(2),
    hex,
    hex.toUpperCase(),
    bytes.toString('base64'),
    bytes.toString('base64url'),
  ]
  return [...forms, ...shiftedBase64(bytes)].filter((form) => form.length >= 4)
}

/** Inside `user:secret` base64 is shifted by one or two bytes; the characters that depend on neighbours are left out. */
function shiftedBase64(bytes: Buffer): string[] {
  if (bytes.length < 8) return []
  return [0, 1, 2].flatMap((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), bytes])
    const usable = whole.length - (whole.length % 3)
    const text = whole.subarray(offset === 0 ? 0 : 3, usable).toString('base64')
    return [text, text.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

function redactAssignment(whole: string, ...found: string[]): string {
  const [key = '', rest = '', value = ''] = found
  return looksRandom(value) ? `${key}${rest}[redacted]` : whole
}

/** Whether a value after `password=` is one, rather than a name, a type or a call. */
function looksRandom(value: string): boolean {
  const counts = new Map<string, number>()
  for (const sign of value) counts.set(sign, (counts.get(sign) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits += count * Math.log2(value.length / count)
  const mixed = /\d/.test(value) && /[A-Za-z]/.test(value)
  return bits >= (mixed || /[^\w.]/.test(value) ? 15 : 60)
}

function redactDeep<T>(value: T, text: (input: string) => string): T
function redactDeep(value: unknown, text: (input: string) => string): unknown {
  if (typeof value === 'string') return text(value)
  if (Array.isArray(value)) return value.map((each: unknown) => redactDeep(each, text))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [text(key), redactDeep(each, text)]))
}
