import { commentText, escapeUnsafe, renderValue, type Literals } from './render-text.ts'

/** A Python string literal that stands for exactly this text. */
export function pyString(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
  return `"${escapeUnsafe(escaped, (hex) => `\\U${hex.padStart(8, '0')}`)}"`
}

/** A Python number literal; floats stay floats, whole numbers become ints of any size. */
export function pyNumber(value: number | bigint): string {
  if (typeof value === 'bigint') return String(value)
  if (Number.isNaN(value)) return 'float("nan")'
  if (!Number.isFinite(value)) return value > 0 ? 'float("inf")' : 'float("-inf")'
  if (Object.is(value, -0)) return '-0.0'
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? String(BigInt(value)) : String(value)
}

/** How Python writes the pieces of a JSON value. */
export const pyLiterals: Literals = {
  pad: '',
  scalar: (value) => {
    if (typeof value === 'string') return pyString(value)
    if (typeof value === 'number' || typeof value === 'bigint') return pyNumber(value)
    if (typeof value === 'boolean') return value ? 'True' : 'False'
    return value === null || value === undefined ? 'None' : pyString(JSON.stringify(value))
  },
  key: pyString,
  parsed: (value) => `json.loads(${pyString(JSON.stringify(value))})`,
}

/** A Python literal for a JSON value. Values nested deeper than 40 levels become a `json.loads` call. */
export function pyValue(value: unknown, indent = ''): string {
  return renderValue(value, pyLiterals, { indent, step: '    ' })
}

/** Like {@link pyValue}, with every number as `pytest.approx(number, abs=tolerance)`. */
export function pyApprox(value: unknown, tolerance: number, indent = ''): string {
  const scalar = (item: unknown): string =>
    typeof item === 'number' ? `pytest.approx(${pyNumber(item)}, abs=${pyNumber(tolerance)})` : pyLiterals.scalar(item)
  return renderValue(value, { ...pyLiterals, scalar }, { indent, step: '    ' })
}

/** Lines of a docstring, quotes included, at an indent. */
export function pyDocstring(lines: readonly string[], indent: string): string[] {
  const single = lines.length <= 1
  const closed = lines.map((line) => {
    const plain = line.replace(/^ */u, '')
    const text = commentText(plain).replaceAll('\\', '\\\\')
    // Quotes at the very end would run into the closing ones.
    const open = single ? text.replace(/"+$/u, (quotes) => '\\"'.repeat(quotes.length)) : text
    return ' '.repeat(line.length - plain.length) + open.replaceAll('"""', '\\"\\"\\"')
  })
  const [first = ''] = closed
  if (single) return [`${indent}"""${first}"""`]
  const body = closed.slice(1).map((line) => (line === '' ? '' : indent + line))
  return [`${indent}"""${first}`, ...body, `${indent}"""`]
}

const keywords = new Set(
  'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
)
/** Names that a generated Python test uses itself, or that pytest gives a meaning of its own. */
const reserved = new Set(
  'allure all any api body bool case caught dict error expected float headers int isinstance item json label len list method os path pytest query range reply request result saved self set status str subject type warnings'.split(
    ' ',
  ),
)

/** Whether a name can stand in Python source as it is. Letters beyond Latin, Cyrillic and Han are left out. */
export function isPyName(name: string): boolean {
  return /^[A-Za-z_\u0400-\u045f\u4e00-\u9fff][\w\u0400-\u045f\u4e00-\u9fff]*$/u.test(name) && !keywords.has(name)
}

/** A variable name made from free text: never a keyword, never one that the generated file needs. */
export function pyVariable(text: string): string {
  const name = isPyName(text) ? text : text.replaceAll(/[^A-Za-z0-9]+/gu, '_').replace(/^(?=\d|$)/u, 'value_')
  const usable = name.startsWith('__') || !/[A-Za-z\u0400-\u9fff]/u.test(name) ? `value${name}` : name
  return reserved.has(usable) || keywords.has(usable) ? `${usable}_` : usable
}

const builtinErrors = new Set(
  'ArithmeticError AssertionError AttributeError BaseException BlockingIOError BrokenPipeError BufferError ConnectionAbortedError ConnectionError ConnectionRefusedError ConnectionResetError EOFError Exception FileExistsError FileNotFoundError FloatingPointError GeneratorExit ImportError IndentationError IndexError InterruptedError IsADirectoryError KeyError KeyboardInterrupt LookupError MemoryError ModuleNotFoundError NameError NotADirectoryError NotImplementedError OSError OverflowError PermissionError ProcessLookupError RecursionError ReferenceError RuntimeError StopAsyncIteration StopIteration SyntaxError SystemError SystemExit TabError TimeoutError TypeError UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError UnicodeTranslateError ValueError ZeroDivisionError'.split(
    ' ',
  ),
)

/** Whether Python itself knows an exception of this name. */
export function isPyError(name: string): boolean {
  return builtinErrors.has(name)
}
