import { commentText, escapeUnsafe, renderValue, type Literals } from './render-text.ts'

/** A JavaScript string literal in single quotes that stands for exactly this text. */
export function jsString(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
  return `'${escapeUnsafe(escaped, (hex) => `\\u{${hex}}`)}'`
}

/** How JavaScript writes the pieces of a JSON value. */
export const jsLiterals: Literals = {
  pad: ' ',
  scalar: (value) => {
    if (typeof value === 'string') return jsString(value)
    if (typeof value === 'bigint') return `${value}n`
    if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
    if (typeof value === 'boolean') return String(value)
    return value === null || value === undefined ? 'null' : jsString(JSON.stringify(value))
  },
  // A plain `__proto__:` would set the prototype instead of a key.
  key: (name) => (name === '__proto__' ? "['__proto__']" : /^[A-Za-z_$][\w$]*$/u.test(name) ? name : jsString(name)),
  parsed: (value) => `JSON.parse(${jsString(JSON.stringify(value))})`,
}

/** A JavaScript literal for a JSON value. Values nested deeper than 40 levels become a `JSON.parse` call. */
export function jsValue(value: unknown, indent = ''): string {
  return renderValue(value, jsLiterals, { indent, step: '  ' })
}

/** Like {@link jsValue}, always on one line. */
export function jsLine(value: unknown): string {
  return renderValue(value, jsLiterals, { indent: '', step: '', width: Number.POSITIVE_INFINITY })
}

/** A template literal of fixed text, `${variable}` pieces and fixed text. */
export function jsTemplate(pieces: readonly (string | { readonly variable: string })[]): string {
  const written = pieces.map((piece) =>
    typeof piece === 'string'
      ? jsString(piece).slice(1, -1).replaceAll("\\'", "'").replaceAll('`', '\\`').replaceAll('${', '\\${')
      : `\${${piece.variable}}`,
  )
  return `\`${written.join('')}\``
}

/** Lines of a block comment at an indent. */
export function jsComment(lines: readonly string[], indent: string): string[] {
  const clean = lines.map((line) => {
    const plain = line.replace(/^ */u, '')
    return ' '.repeat(line.length - plain.length) + commentText(plain).replaceAll('*/', '* /')
  })
  return [`${indent}/*`, ...clean.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`]
}

const keywords = new Set(
  'arguments async await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null of package private protected public return static super switch this throw true try typeof undefined var void while with yield'.split(
    ' ',
  ),
)
/** Names that a generated JavaScript test uses itself. */
const reserved = new Set(
  'Array Error JSON Math Number Object RegExp act after afterAll assert baseUrl before beforeAll body createServer defaultBaseUrl describe error errorOf expect expected fetch freePort headers id isDeepStrictEqual item namedUrl near once parsed path query ready reply result row send service sleep spawn start status subject t test time untilReady'.split(
    ' ',
  ),
)

/** Whether a name can stand in JavaScript source as it is. */
export function isJsName(name: string): boolean {
  return /^[A-Za-z_$\u0400-\u045f\u4e00-\u9fff][\w$\u0400-\u045f\u4e00-\u9fff]*$/u.test(name) && !keywords.has(name)
}

/** A variable name made from free text: never a keyword, never one that the generated file needs. */
export function jsVariable(text: string): string {
  const name = isJsName(text) ? text : text.replaceAll(/[^A-Za-z0-9]+/gu, '_').replace(/^(?=\d|$)/u, 'value_')
  return reserved.has(name) || keywords.has(name) ? `${name}_` : name
}

/** `square_root` as `squareRoot`; leading underscores stay. */
export function camelCase(name: string): string {
  return name.replaceAll(/(?<=[A-Za-z0-9])_([a-z0-9])/gu, (_, letter: string) => letter.toUpperCase())
}
