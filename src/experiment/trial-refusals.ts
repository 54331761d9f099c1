import { GreenloopError } from '../domain/errors.ts'
import type { ManifestHead } from '../domain/manifest.ts'

/** Refusals in a row after which a manifest is no longer tried. */
const mostRefusals = 3

/** Sees to it that a wrong key or a used-up quota is not tried thousands of times. */
export interface Refusals {
  /** Throws what the last calls were refused with, where a further one would meet the same. */
  check(head: ManifestHead): void
  /** A call of the manifest ended badly. */
  note(head: ManifestHead, error: unknown): void
  /** A call of the manifest was answered. */
  clear(head: ManifestHead): void
}

interface Row {
  readonly error: GreenloopError
  readonly count: number
}

/** Counts refusals: equal ones in a row end a manifest, a quota that is used up ends all manifests of its account. */
export function createRefusals(): Refusals {
  const rows = new Map<string, Row>()
  const exhausted = new Map<string, GreenloopError>()
  return {
    check(head) {
      const quota = exhausted.get(accountOf(head))
      if (quota !== undefined) throw notTried(quota, 'the quota is used up')
      const row = rows.get(head.id)
      if (row === undefined || row.count < mostRefusals) return
      throw notTried(row.error, `${row.count} calls in a row were refused`)
    },
    note(head, error) {
      if (!(error instanceof GreenloopError)) return
      if (error.code === 'target_quota') exhausted.set(accountOf(head), error)
      if (error.code !== 'target_refused') return
      const before = rows.get(head.id)
      const isSame = before?.error.message === error.message
      rows.set(head.id, { error, count: isSame ? (before?.count ?? 0) + 1 : 1 })
    },
    clear: (head) => void rows.delete(head.id),
  }
}

function accountOf({ workflow, server }: ManifestHead): string {
  return JSON.stringify([workflow.server, server?.baseUrl, workflow.apiKey ?? server?.apiKey])
}

function notTried(error: GreenloopError, why: string): GreenloopError {
  if (error.message.startsWith('not tried')) return error
  return new GreenloopError(error.code, `not tried, for ${why}: ${error.message}`, { cause: error })
}
