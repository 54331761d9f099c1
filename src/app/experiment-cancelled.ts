import type { StoredRun } from '../domain/stored-run.ts'
import { withDotEnv } from './dot-env.ts'
import { endServersOf } from './experiment-servers.ts'
import { publishMemory, removePublished } from './experiment-publish.ts'
import type { ExperimentRecord } from './experiment-record.ts'
import { openStage } from './experiment-stage.ts'
import { namedStore } from './store.ts'
import type { Surroundings } from './surroundings.ts'

/** Removes what an experiment has left on servers that was ended after its process was gone. Tells what stays. */
export async function removeLeftovers({ id, input }: StoredRun, around: Surroundings): Promise<void> {
  await endServersOf(id)
  const where = await withDotEnv(around)
  const { manifests } = input as ExperimentRecord
  if (manifests.every(({ dsl }) => dsl?.text === undefined)) return
  try {
    const memory = publishMemory(await namedStore(where), id)
    const stage = await openStage(manifests, where)
    const left = await removePublished({ heads: stage.heads, runId: id, memory }).finally(() => stage.close())
    for (const text of left) where.onStep?.(`left behind: ${text}`)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    where.onStep?.(`what the run has published may be left behind: ${why}`)
  }
}
