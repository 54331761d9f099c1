import type { CheckSpec } from '../domain/check.ts'
import { shown } from './check-finding.ts'

/**
 * What reports call a check: its name, or one made from what it wants. Placeholders stay in it, so that the same check
 * has one name over all rows.
 */
export function nameOf(check: CheckSpec): string {
  if (check.name !== undefined) return check.name
  const wish = wishOf(check)
  const where = check.on === 'text' || isFigure(check.type) ? '' : `${check.on} `
  const words = `${where}${check.not ? 'not ' : ''}${check.type}${wish === '' ? '' : ` ${wish}`}`
  return words.length > longestName ? `${words.slice(0, longestName - 1)}…` : words
}

/** Whether a check looks at figures of the call and not at its answer. */
export function isFigure(type: CheckSpec['type']): boolean {
  return type === 'latency' || type === 'cost' || type === 'tokens'
}

const longestName = 80

function wishOf(check: CheckSpec): string {
  switch (check.type) {
    case 'equals':
    case 'contains':
    case 'starts_with':
      return shown(check.value)
    case 'regex':
      return `/${check.pattern}/`
    case 'is_json':
    case 'json_schema':
      return ''
    case 'json_path':
      return check.path
    case 'range':
      return `${check.min ?? '…'} to ${check.max ?? '…'}`
    case 'latency':
      return `${check.of} ≤ ${check.maxMs} ms`
    case 'cost':
    case 'tokens':
      return `≤ ${check.max}`
    case 'similarity':
      return `${check.method} ≥ ${check.threshold}`
    case 'function':
      return check.export === 'check' ? check.file : `${check.file} ${check.export}`
    case 'python':
      return check.file ?? (check.code ?? '').replaceAll(/\s+/gu, ' ')
    case 'judge':
      return check.rubric.replaceAll(/\s+/gu, ' ')
  }
}
