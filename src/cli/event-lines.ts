import type { RunEvent } from '../domain/stored-run.ts'
import { visible } from '../lib/frame.ts'
import { isRecord } from './remote-shapes.ts'

/** An event of a run as lines for people; empty for what only counts. */
export function eventLine({ at, kind, data }: RunEvent): string {
  const lines = linesOf(kind, isRecord(data) ? data : { text: JSON.stringify(data) })
  return lines.map((line) => `${new Date(at).toISOString()} ${visible(line)}\n`).join('')
}

function linesOf(kind: string, data: Readonly<Record<string, unknown>>): string[] {
  if (kind === 'progress') return []
  if (kind === 'tests' && Array.isArray(data.items)) return data.items.filter(isRecord).map(testLine)
  if (typeof data.text !== 'string') {
    const text = JSON.stringify(data)
    return [`${kind} ${text.length > 400 ? `${text.slice(0, 400)}…` : text}`]
  }
  const why = isRecord(data.error) && typeof data.error.message === 'string' ? data.error.message : ''
  return [[data.text, why].filter((part) => part !== '').join(': ')]
}

function testLine({ id, outcome, attempt, message }: Readonly<Record<string, unknown>>): string {
  const again = typeof attempt === 'number' && attempt > 1 ? `, attempt ${attempt}` : ''
  const why = typeof message === 'string' ? `: ${message.split('\n', 1)[0] ?? ''}` : ''
  return `${String(outcome)} ${String(id)}${again}${why}`
}
