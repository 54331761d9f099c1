import type { ApiMatrix, MatrixCell } from '../domain/api-experiment.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { ManifestHead } from '../domain/manifest.ts'
import type { RunStore, StoredRun } from '../domain/stored-run.ts'
import type { ExperimentRecord } from './experiment-record.ts'
import { createIndex } from './experiment-view-index.ts'
import type { ExperimentIndex } from './experiment-view-index.ts'
import type { CaseMark, TrialMark } from './experiment-view-marks.ts'
import type { ServiceContext } from './service-context.ts'

/** Which rows of a matrix. */
export interface MatrixQuery {
  readonly limit: number
  readonly cursor?: string | undefined
  /** Only cases on which variants do not agree. */
  readonly different: 'true' | 'false'
  readonly workflow?: string | undefined
}

/** Trials that are remembered of all experiments together; the ones looked at last stay. */
const mostTrials = 400_000

const remembered = new WeakMap<RunStore, Map<string, ExperimentIndex>>()

/** An experiment by its id. Throws `run_unknown`. */
export async function experimentRun({ store }: Pick<ServiceContext, 'store'>, id: string): Promise<StoredRun> {
  const run = await store.find(id)
  if (run?.kind === 'experiment') return run
  throw new GreenloopError('run_unknown', `there is no experiment \`${id}\``)
}

/** A page of cases, with what each variant did with them. Throws `run_unknown`, and `body_invalid` for a cursor of another run. */
export async function experimentMatrix(
  service: Pick<ServiceContext, 'store'>,
  id: string,
  query: MatrixQuery,
): Promise<ApiMatrix> {
  const run = await experimentRun(service, id)
  const { manifests } = run.input as ExperimentRecord
  const index = indexOf(service.store, run)
  await index.refresh(run)
  forgetOthers(service.store, run.id)
  const columns = columnsOf(manifests, query.workflow)
  const shown = new Set(columns.map(({ manifest }) => manifest))
  const rows: CaseMark[] = []
  const all = index.cases()
  let at = startOf(index, query.cursor)
  for (; at < all.length && rows.length < query.limit; at++) {
    const row = all[at]
    if (row === undefined || (query.workflow !== undefined && row.workflowId !== query.workflow)) continue
    if (query.different === 'false' || isDifferent(row)) rows.push(row)
  }
  const last = rows.at(-1)
  return {
    columns: columns.map(({ manifest: _index, ...column }) => column),
    items: rows.map((row) => ({
      caseId: row.caseId,
      name: row.name,
      workflowId: row.workflowId,
      parameters: row.parameters,
      isDifferent: isDifferent(row),
      cells: Object.fromEntries(
        byManifest(row).flatMap(([manifest, trials]) => {
          const key = shown.has(manifest) ? columns.find((column) => column.manifest === manifest)?.key : undefined
          return key === undefined ? [] : [[key, cellOf(trials)]]
        }),
      ),
    })),
    ...(at < all.length && last !== undefined ? { nextCursor: cursorOf(last) } : {}),
  }
}

function indexOf(store: RunStore, run: StoredRun): ExperimentIndex {
  const known = remembered.get(store) ?? new Map<string, ExperimentIndex>()
  remembered.set(store, known)
  const found = known.get(run.id) ?? createIndex(store, run.id, run.input as ExperimentRecord)
  known.delete(run.id)
  known.set(run.id, found)
  return found
}

function forgetOthers(store: RunStore, id: string): void {
  const known = remembered.get(store)
  let trials = Array.from(known?.values() ?? [], (index) => index.size()).reduce((sum, size) => sum + size, 0)
  for (const [other, index] of known ?? []) {
    if (trials <= mostTrials) return
    if (other === id) continue
    known?.delete(other)
    trials -= index.size()
  }
}

function columnsOf(heads: readonly ManifestHead[], workflow: string | undefined) {
  const usual = heads[0]?.evaluation.baseline ?? heads[0]?.variantId
  return heads.flatMap(({ workflowId, variantId }, manifest) => {
    if (workflow !== undefined && workflowId !== workflow) return []
    const own = heads.filter((head) => head.workflowId === workflowId)
    const baseline = own.find((head) => head.variantId === usual) ?? own[0]
    return [
      {
        manifest,
        key: `${workflowId}/${variantId}`,
        workflowId,
        variantId,
        isBaseline: baseline?.variantId === variantId,
      },
    ]
  })
}

function startOf(index: ExperimentIndex, cursor: string | undefined): number {
  if (cursor === undefined) return 0
  const [caseId = '', workflowId = ''] = Buffer.from(cursor, 'base64url').toString().split('\0')
  const place = index.place(workflowId, caseId)
  if (place !== -1) return place + 1
  throw new GreenloopError('body_invalid', 'the cursor is not one of this list', { help: 'begin without a cursor' })
}

function cursorOf({ caseId, workflowId }: CaseMark): string {
  return Buffer.from(`${caseId}\0${workflowId}`).toString('base64url')
}

function byManifest({ trials }: CaseMark): [number, TrialMark[]][] {
  return [...Map.groupBy(trials.values(), ({ manifest }) => manifest)]
}

/** Variants agree where each passes in the same share of the trials that have a verdict; those without one do not count. */
function isDifferent(row: CaseMark): boolean {
  const shares = byManifest(row).flatMap(([, trials]) => {
    const passed = trials.filter(({ outcome }) => outcome === 'passed').length
    const decided = passed + trials.filter(({ outcome }) => outcome === 'failed').length
    return decided === 0 ? [] : [passed / decided]
  })
  return shares.some((share) => share !== shares[0])
}

function cellOf(marks: readonly TrialMark[]): MatrixCell {
  const trials = marks.toSorted((one, other) => one.repeat - other.repeat)
  const count = (wanted: TrialMark['outcome']): number => trials.filter(({ outcome }) => outcome === wanted).length
  const all = (read: (trial: TrialMark) => number | undefined): number[] => trials.flatMap((each) => read(each) ?? [])
  return {
    trials: trials.length,
    passed: count('passed'),
    failed: count('failed'),
    errored: count('errored'),
    pending: count('pending'),
    score: mean(all(({ score }) => score)),
    latencyMs: median(all(({ latencyMs }) => latencyMs)),
    tokens: mean(all(({ tokens }) => tokens)),
    costUsd: mean(all(({ costUsd }) => costUsd)),
    excerpt: trials.find(({ excerpt }) => excerpt !== undefined)?.excerpt,
    why: trials.find(({ why }) => why !== undefined)?.why,
    seqs: trials.map(({ seq }) => seq),
  }
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle]
  if (upper === undefined || sorted.length % 2 === 1) return upper
  return ((sorted[middle - 1] ?? upper) + upper) / 2
}
