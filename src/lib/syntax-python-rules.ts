import { field, parts } from './syntax.ts'
import type { SyntaxNode } from './syntax.ts'

/** A rule that the grammar is too lenient to enforce: what CPython says against a node, or nothing. */
type Rule = (node: SyntaxNode) => string | undefined

/** Refuses arguments in an order or form that CPython refuses. */
export const argumentFault: Rule = (list) => {
  if (list.type === 'generator_expression')
    return (parts(list)
      .find((part) => part.type === 'for_in_clause')
      ?.childrenForFieldName('right').length ?? 0) > 1
      ? 'generator expression must be parenthesized'
      : undefined
  const names = new Set<string>()
  let keyword = false
  let unpacked = false
  const given = parts(list)
  for (const argument of given) {
    const kind = argument.type
    if (kind === 'keyword_argument') {
      const name = field(argument, 'name')?.text ?? ''
      if (names.has(name)) return `keyword argument repeated: ${name}`
      names.add(name)
      keyword = true
    } else if (kind === 'dictionary_splat') unpacked = true
    else if (unpacked) return 'positional argument follows keyword argument unpacking'
    else if (keyword && kind !== 'list_splat') return 'positional argument follows keyword argument'
  }
  return undefined
}

const parameterName = (node: SyntaxNode): string => {
  const name = field(node, 'name') ?? (node.type === 'identifier' ? node : parts(node)[0])
  return (name?.type === 'identifier' ? name : (name?.firstNamedChild ?? name))?.text ?? ''
}

/** Refuses parameters in an order or form that CPython refuses. */
export const parameterFault: Rule = (list) => {
  const names = new Set<string>()
  let defaulted = false
  let starred = false
  const given = parts(list)
  for (const [index, parameter] of given.entries()) {
    const kind = parameter.type
    if (kind === 'tuple_pattern') return 'function parameters cannot be parenthesized'
    if (kind === 'positional_separator') continue
    if (kind === 'keyword_separator' || /^\*(?!\*)/.test(parameter.text)) {
      const next = given[index + 1]
      if (kind === 'keyword_separator' && (next === undefined || next.text.startsWith('**')))
        return 'named arguments must follow bare *'
      if (starred) return '* argument may appear only once'
      starred = true
      if (kind === 'keyword_separator') continue
    }
    const name = parameterName(parameter)
    if (names.has(name)) return `duplicate argument '${name}' in function definition`
    names.add(name)
    if (/default/.test(kind)) defaulted = true
    else if (defaulted && !starred && !parameter.text.startsWith('*'))
      return 'parameter without a default follows parameter with a default'
  }
  return undefined
}

const prefixes = /^(?:|r|u|b|br|rb|f|fr|rf|t|tr|rt)$/i

function escapeFault(content: string, bytes: boolean): string | undefined {
  for (const [escape] of content.matchAll(/\\(?:x[0-9a-f]{0,2}|[uU][0-9a-f]{0,8}|N(?:\{[^}\n]*\}?)?|[^])/gi)) {
    const kind = escape[1]
    if (kind === 'x' && escape.length < 4) return 'truncated \\xXX escape'
    if (bytes) continue
    if (kind === 'u' && escape.length < 6) return 'truncated \\uXXXX escape'
    if (kind === 'U' && (escape.length < 10 || Number.parseInt(escape.slice(2), 16) > 0x10ffff))
      return 'invalid \\UXXXXXXXX escape'
    if (kind === 'N' && !/^\\N\{[^}]+\}$/.test(escape)) return 'malformed \\N character escape'
  }
  return undefined
}

const prefixOf = (node: SyntaxNode): string => /^[a-z]*/i.exec(node.firstChild?.text ?? '')?.[0].toLowerCase() ?? ''

const stringFault: Rule = (node) => {
  const opener = node.firstChild?.text ?? ''
  const prefix = prefixOf(node)
  if (opener.includes('`') || !prefixes.test(prefix)) return 'invalid string prefix'
  const bytes = prefix.includes('b')
  for (const child of node.children) {
    if (child?.type !== 'string_content') continue
    const content = child.text
    // eslint-disable-next-line no-control-regex
    if (bytes && /[^\u0000-\u007f]/.test(content)) return 'bytes can only contain ASCII literal characters'
    const fault = prefix.includes('r') ? undefined : escapeFault(content, bytes)
    if (fault !== undefined) return fault
  }
  return undefined
}

const integer = /^(?:0x(?:_?[0-9a-f])+|0o(?:_?[0-7])+|0b(?:_?[01])+|0(?:_?0)*|[1-9](?:_?[0-9])*|[0-9](?:_?[0-9])*j)$/i

/** Rules about literals, by the type of the node. */
export const literalFault: Readonly<Record<string, Rule>> = {
  string: stringFault,
  concatenated_string: (node) => {
    const kinds = new Set(parts(node).map((part) => prefixOf(part).includes('b')))
    return kinds.size > 1 ? 'cannot mix bytes and nonbytes literals' : undefined
  },
  integer: (node) => (integer.test(node.text) ? undefined : 'invalid number'),
  type_conversion: (node) => (/^!\s*[rsa]$/.test(node.text) ? undefined : 'invalid conversion character'),
}

const targets = new Set(['identifier', 'attribute', 'subscript'])
const futures =
  /^(?:annotations|division|absolute_import|with_statement|print_function|unicode_literals|generators|nested_scopes|generator_stop|barry_as_FLUFL)$/

const futureFault: Rule = (node) => {
  if (node.childrenForFieldName('name').some((name) => !futures.test(name?.text.split(/\s/)[0] ?? '')))
    return 'future feature is not defined'
  for (let before = node.previousNamedSibling; before !== null; before = before.previousNamedSibling) {
    const docstring = before.type === 'expression_statement' && before.firstNamedChild?.type === 'string'
    if (!docstring && before.type !== 'comment' && before.type !== 'future_import_statement')
      return 'from __future__ imports must occur at the beginning of the file'
  }
  return undefined
}

const tryFault: Rule = (node) => {
  const clauses = parts(node).filter((part) => part.type.endsWith('_clause'))
  const handlers = clauses.filter((clause) => clause.type.startsWith('except'))
  if (handlers.length === 0 && !clauses.some((clause) => clause.type === 'finally_clause'))
    return "expected 'except' or 'finally' block"
  const bare = handlers.findIndex((handler) => parts(handler).every((part) => part.type === 'block'))
  return bare >= 0 && bare < handlers.length - 1 ? "default 'except:' must be last" : undefined
}

const assignmentFault: Rule = (node) => {
  const left = field(node, 'left')
  const right = field(node, 'right')
  if (field(node, 'type') !== undefined && /^(?:pattern_list|tuple_pattern|list_pattern)$/.test(left?.type ?? ''))
    return 'only single target can be annotated'
  if (right?.type === 'augmented_assignment') return 'invalid syntax'
  if (right?.type === 'assignment' && field(right, 'type') !== undefined) return 'invalid syntax'
  // The grammar reads on in the next line after `x = # comment`.
  if (node.namedChildren.some((child) => child?.type === 'comment')) return 'invalid syntax'
  return right?.type === 'list_splat' ? "can't use starred expression here" : undefined
}

const globalFault: Rule = (node) => {
  const names = new Set(parts(node).map((part) => part.text))
  let owner = node.parent
  while (owner !== null && owner.type !== 'function_definition') owner = owner.parent
  const used = (owner?.descendantsOfType('identifier') ?? []).find(
    (one) =>
      one !== null &&
      one.startIndex < node.startIndex &&
      one.parent?.type !== 'global_statement' &&
      isName(one) &&
      names.has(one.text),
  )
  return used ? `name '${used.text}' is used prior to global declaration` : undefined
}

/** Whether an identifier stands for a variable, not for an attribute, a keyword of a call or a definition's name. */
const isName = (node: SyntaxNode): boolean => {
  const owner = node.parent
  if (owner === null) return true
  const aside = owner.type === 'attribute' ? 'attribute' : owner.type === 'keyword_argument' ? 'name' : undefined
  return owner.type !== 'function_definition' && (aside === undefined || owner.childForFieldName(aside)?.id !== node.id)
}

/** Rules about statements and operators, by the type of the node. */
export const statementFault: Readonly<Record<string, Rule>> = {
  print_statement: () => "missing parentheses in call to 'print'",
  exec_statement: () => "missing parentheses in call to 'exec'",
  '<>': () => 'invalid operator',
  constrained_type: () => 'invalid syntax',
  raise_statement: (node) => (node.firstNamedChild?.type === 'expression_list' ? 'invalid syntax' : undefined),
  except_clause: (node) =>
    node.childrenForFieldName('value').length > 1 && node.children.some((child) => child?.type === ',')
      ? 'multiple exception types must be parenthesized'
      : undefined,
  try_statement: tryFault,
  future_import_statement: futureFault,
  import_from_statement: (node) => (node.lastChild?.type === ',' ? 'trailing comma not allowed' : undefined),
  delete_statement: (node) => {
    const [target] = parts(node)
    const deleted = target?.type === 'expression_list' ? parts(target) : [target]
    return deleted.some(
      (one) => one !== undefined && /^(?:call|string|integer|binary_operator|true|none)$/.test(one.type),
    )
      ? 'cannot delete this'
      : undefined
  },
  as_pattern_target: (node) => (node.firstNamedChild?.type === 'call' ? 'cannot assign to function call' : undefined),
  assignment: assignmentFault,
  augmented_assignment: (node) =>
    targets.has(field(node, 'left')?.type ?? '') ? undefined : 'illegal target for augmented assignment',
  expression_statement: (node) => {
    const [only, ...others] = node.namedChildren
    if (only?.type === 'named_expression' || only?.type === 'as_pattern') return 'invalid syntax'
    const splat = only?.type === 'list_splat' && others.length === 0 && !node.text.trimEnd().endsWith(',')
    return splat ? "can't use starred expression here" : undefined
  },
  global_statement: globalFault,
  tuple: (node) => {
    const [only, ...others] = parts(node)
    const alone = only?.type === 'list_splat' && others.length === 0 && !node.children.some((one) => one?.type === ',')
    return alone ? "can't use starred expression here" : undefined
  },
  line_continuation: (node) =>
    node.endIndex >= node.tree.rootNode.endIndex && node.nextSibling === null ? 'unexpected end of file' : undefined,
}
