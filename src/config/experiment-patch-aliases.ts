import type { Members } from './aliases.ts'
import { placedObject } from './placed-values.ts'
import { lift, rename, take, type Shape } from './schema-mapping.ts'

/** How selectors may be written besides their schema; a bare text is the title of a node. */
export const selectorShape: Shape = {
  aliases: {
    by_id: 'node',
    id: 'node',
    node_id: 'node',
    by_title: 'title',
    by_label: 'title',
    label: 'title',
    name: 'title',
    by_type: 'type',
    node_type: 'type',
    by_role: 'message',
    role: 'message',
    contains: 'where',
  },
  shorthand: (source) =>
    typeof source.value === 'string' ? { ...source, value: placedObject([['title', source]]) } : source,
}

/** What each operation calls its text. */
const textMember: Readonly<Record<string, string>> = {
  replace: 'text',
  append: 'text',
  prepend: 'text',
  template: 'text',
  regex: 'pattern',
  set: 'value',
}

const operations: Readonly<Record<string, string>> = {
  overwrite: 'replace',
  add: 'append',
  suffix: 'append',
  prefix: 'prepend',
  regex_replace: 'regex',
  jinja: 'template',
  jinja2: 'template',
}

/** How patches may be written besides their schema: `{ select, append: text }`, `{ selector, strategy: { mode, content } }`. */
export const patchShape: Shape = {
  aliases: {
    selector: 'select',
    target: 'select',
    mode: 'op',
    operation: 'op',
    content: 'text',
    replacement: 'with',
    vars: 'variables',
    count: 'times',
  },
  reshape(members, tools) {
    if (typeof members.get('strategy')?.value === 'string') rename(members, 'strategy', 'op')
    lift(members, 'strategy', tools)
    literal(members)
    const op = members.get('op')
    if (op === undefined) operationByKey(members)
    else if (typeof op.value === 'string') members.set('op', { ...op, value: operations[op.value] ?? op.value })
    const said: unknown = members.get('op')?.value
    if (said === 'template') rename(members, 'template', 'text')
    if (typeof said === 'string' && textMember[said] === 'text') rename(members, 'value', 'text')
    if (said === 'set') rename(members, 'text', 'value')
    if (said === 'regex') {
      rename(members, 'regex', 'pattern')
      rename(members, 'text', 'with')
    }
  },
}

function operationByKey(members: Members): void {
  for (const [op, key] of Object.entries(textMember)) {
    const member = members.get(op)
    if (member === undefined) continue
    rename(members, op, key)
    members.set('op', { value: op, at: member.at })
    return
  }
}

/** `{ find, with }` replaces a text as it stands, whatever its characters mean in a pattern. */
function literal(members: Members): void {
  const find = take(members, 'find')
  if (find === undefined) return
  const pattern = typeof find.value === 'string' ? escaped(find.value) : find.value
  members.set('pattern', { ...find, value: pattern })
  if (!members.has('op')) members.set('op', { value: 'regex', at: find.at })
  const substitute = members.get('with')
  if (typeof substitute?.value === 'string') {
    members.set('with', { ...substitute, value: substitute.value.replaceAll('$', '$$$$') })
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`)
}
