import { Template } from '@huggingface/jinja'
import type { Patch } from '../domain/patch.ts'
import { jinjaNames } from './dify-dsl-references.ts'
import type { DslPlace } from './dify-dsl-places.ts'
import type { DslScalar } from './dify-dsl-scalar.ts'

/** What a patch makes of a place, or why it cannot. */
export type NewValue = { readonly value: DslScalar } | { readonly problem: string }

/** The value that a patch puts into a place. */
export function newValue(patch: Patch, place: DslPlace): NewValue {
  const made = patch.op === 'set' ? settled(patch.value, place) : madeText(patch, place)
  if ('problem' in made) return made
  return made.value === place.value ? { problem: 'changes nothing: that is what stands there already' } : made
}

function settled(value: DslScalar, { value: old, field }: DslPlace): NewValue {
  if (old === null || value === null || typeof old === typeof value) return { value }
  return { problem: `\`${field}\` is a ${typeof old} (${JSON.stringify(old)}), and ${JSON.stringify(value)} is not` }
}

type TextPatch = Exclude<Patch, { readonly op: 'set' }>

function madeText(patch: TextPatch, { value, text, field }: DslPlace): NewValue {
  if (typeof value !== 'string' && value !== null) {
    return { problem: `\`${field}\` is a ${typeof value}, not a text; \`op: set\` changes it` }
  }
  switch (patch.op) {
    case 'replace':
      return { value: patch.text }
    case 'append':
      return { value: text === '' ? patch.text : text + patch.separator + patch.text }
    case 'prepend':
      return { value: text === '' ? patch.text : patch.text + patch.separator + text }
    case 'regex':
      return substituted(text, patch)
    case 'template':
      return rendered(text, patch)
  }
}

function substituted(text: string, { pattern, flags, with: replacement }: Extract<Patch, { op: 'regex' }>): NewValue {
  let expression: RegExp
  try {
    expression = new RegExp(pattern, flags)
  } catch (cause) {
    return { problem: cause instanceof Error ? cause.message : String(cause) }
  }
  if (text.search(expression) === -1) return { problem: `the pattern /${pattern}/${flags} matches nothing there` }
  return { value: text.replace(expression, replacement) }
}

const reference = /\{\{#[^{}]*#\}\}/gu

/** References of the server look like comments of Jinja, so they step aside while the template is rendered. */
function rendered(original: string, { text, variables }: Extract<Patch, { op: 'template' }>): NewValue {
  const known = { ...variables, original }
  const references: string[] = []
  let mark = '@@reference'
  while (text.includes(mark) || JSON.stringify(known).includes(mark)) mark += '@'
  const guarded = text.replaceAll(reference, (found) => `${mark}${references.push(found) - 1};`)
  const unknown = jinjaNames(guarded).filter((name) => !Object.hasOwn(known, name))
  if (unknown.length > 0) {
    const names = unknown.map((name) => `\`${name}\``).join(', ')
    return { problem: `the template names ${names}; known are ${Object.keys(known).join(', ')}` }
  }
  try {
    const made = new Template(guarded).render(known)
    return { value: made.replaceAll(new RegExp(`${mark}(\\d+);`, 'gu'), (_, at) => references[Number(at)] ?? '') }
  } catch (cause) {
    return { problem: `the template cannot be rendered: ${cause instanceof Error ? cause.message : String(cause)}` }
  }
}
