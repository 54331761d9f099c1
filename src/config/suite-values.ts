import type { Priority } from '../domain/suite.ts'
import { foldName } from '../lib/nearest.ts'
import type { Mapping } from './aliases.ts'

/** Text, or a list of texts, as a list; several lines become several entries, without their bullets. */
export const linesMapping: Mapping = ({ value }) => {
  if (value === null) return []
  return typeof value === 'string'
    ? nonEmpty(value.split(/\r?\n/u).map((line) => line.replace(/^\s*(?:[-*•]|\d+[.)])\s+/u, '')))
    : value
}

/** Tags as a list: `smoke, api` is two of them. */
export const tagsMapping: Mapping = ({ value }) => {
  if (value === null) return []
  return typeof value === 'string' ? nonEmpty(value.split(',')) : value
}

/** A path of groups as a list: `/Login/Negative` is two of them. */
export const pathMapping: Mapping = ({ value }) => {
  if (value === null) return []
  return typeof value === 'string' ? nonEmpty(value.split('/')) : value
}

/** An id as text, where a file holds a number. */
export const idMapping: Mapping = ({ value }) => (typeof value === 'number' ? String(value) : value)

/** HTTP methods in capitals. */
export const methodMapping: Mapping = ({ value }) => (typeof value === 'string' ? value.trim().toUpperCase() : value)

function nonEmpty(parts: readonly string[]): string[] {
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

const priorityNames: Readonly<Record<Priority, readonly string[]>> = {
  critical: ['p0', '1', 'blocker', 'highest', 'urgent', '紧急', '最高', '关键', 'критический', 'критичный', 'блокер'],
  high: ['p1', '2', 'major', '高', 'высокий'],
  medium: ['p2', '3', 'normal', 'moderate', '中', '普通', 'средний', 'обычный'],
  low: ['p3', '4', 'minor', 'trivial', 'lowest', '低', '最低', 'низкий'],
}

const priorityOf = new Map(
  Object.entries(priorityNames).flatMap(([priority, names]) => [priority, ...names].map((name) => [name, priority])),
)

/** Priorities by their many names; bare numbers are read as 1 = critical, with a warning, for some tools count the other way. */
export const priorityMapping: Mapping = ({ value, at }, mapper) => {
  if (typeof value !== 'string' && typeof value !== 'number') return value
  const name = foldName(String(value))
  const priority = priorityOf.get(name)
  if (priority !== undefined && /^\d$/u.test(name)) {
    const message = `priority ${name} is read as \`${priority}\`: 1 is taken to be the highest`
    const warned = mapper.warnings.some((warning) => warning.message.endsWith('1 is taken to be the highest'))
    if (!warned) mapper.warnings.push({ message, place: mapper.document.locate(at), help: `write \`${priority}\`` })
  }
  return priority ?? value
}
