import { randomBytes } from 'node:crypto'
import type { AuditEntry } from '../domain/api-admin.ts'
import type { Page } from '../domain/api-common.ts'
import type { DocumentStore } from '../domain/documents.ts'
import { GreenloopError } from '../domain/errors.ts'
import { now } from '../lib/clock.ts'

/** Who changed what, as it is handed in. */
type NewAuditEntry = Omit<AuditEntry, 'at'>

/** A page of a list as it is asked for. */
interface PageQuery {
  readonly limit: number
  readonly cursor?: string | undefined
}

/** The book of changes. */
export interface AuditLog {
  audit(entry: NewAuditEntry): Promise<void>
  listAudit(page: PageQuery): Promise<Page<AuditEntry>>
}

const kind = 'audit'
const mostEntries = 10_000
const sweepEvery = 500
const longest = 300

/** Keeps who changed what: the newest 10,000 entries and at most 500 more. */
export function createAuditLog(documents: DocumentStore): AuditLog {
  const keyOf = createKeys()
  let untilSweep = 0
  return {
    async audit(entry) {
      const at = now()
      const value: AuditEntry = { at: new Date(at).toISOString(), ...cutTexts(entry) }
      await documents.put({ kind, key: keyOf(at), value })
      if (untilSweep-- > 0) return
      untilSweep = sweepEvery
      await removeOldest(documents)
    },
    async listAudit({ limit, cursor }) {
      if (cursor !== undefined && !/^[0-9a-f-]{1,64}$/.test(cursor)) {
        throw new GreenloopError('body_invalid', 'the cursor is none that this list gave', {
          help: 'leave it out to begin with the newest',
        })
      }
      const found = await documents.list(kind, { limit: limit + 1, order: 'desc', after: cursor })
      const shown = found.slice(0, limit)
      const items = shown.map(({ value }) => value as AuditEntry)
      return found.length > limit ? { items, nextCursor: shown.at(-1)?.key } : { items }
    },
  }
}

/** Keys that sort by time: milliseconds, a counter within this process, and what keeps two servers apart. */
function createKeys(): (at: number) => string {
  let last = 0
  let count = 0
  return (at) => {
    // A clock that was set back must not bring later entries before earlier ones.
    const time = Math.max(at, last)
    count = time === last ? count + 1 : 0
    last = time
    return `${String(time).padStart(15, '0')}-${String(count).padStart(6, '0')}-${randomBytes(4).toString('hex')}`
  }
}

function cutTexts({ who, action, target, outcome, address }: NewAuditEntry): NewAuditEntry {
  const cut = (text: string): string => text.slice(0, longest).toWellFormed().replaceAll('\0', '\u{FFFD}')
  return { who: cut(who), action: cut(action), target: cut(target), outcome, address: cut(address) }
}

async function removeOldest(documents: DocumentStore): Promise<void> {
  const page = 1000
  let after: string | undefined
  for (let seen = 0; ; seen += page) {
    const entries = await documents.list(kind, { limit: page, order: 'desc', after })
    if (seen >= mostEntries) for (const { key } of entries) await documents.remove(kind, key)
    if (entries.length < page) return
    after = entries.at(-1)?.key
  }
}
