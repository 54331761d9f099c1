import type { ForgeJob, ForgePipeline } from '../domain/forge.ts'
import type { JobNote } from '../domain/repair.ts'
import { capHead, plainText } from '../lib/plain-text.ts'
import { currentJobs, isKnownStatus } from './jobs.ts'
import type { WatchParts } from './watch-parts.ts'

/** Tells what changed since the last look; says whether anything did. */
export type Notice = (pipeline: ForgePipeline, jobs: readonly ForgeJob[]) => boolean

const maxWord = 120

/** Tells each change of a status once, and each status that is not known once. */
export function createNotice(emit: WatchParts['emit']): Notice {
  let last = ''
  const strange = new Set<string>()
  return (pipeline, jobs) => {
    const current = currentJobs(jobs)
    const now = JSON.stringify([pipeline.status, current.map((job) => [job.id, job.status])])
    if (now === last) return false
    last = now
    const status = word(pipeline.status)
    for (const unknown of [status, ...current.map((job) => word(job.status))]) {
      if (isKnownStatus(unknown) || strange.has(unknown)) continue
      strange.add(unknown)
      emit({ kind: 'step', text: `The status "${unknown}" is not known here; it is taken for one that goes on.` })
    }
    emit({ kind: 'pipeline', pipelineId: pipeline.id, status, jobs: current.map(noteOf) })
    return true
  }
}

/** A job as events and prompts tell it: one line of plain text each. */
function noteOf(job: ForgeJob): JobNote {
  return {
    name: word(job.name),
    stage: word(job.stage),
    status: word(job.status),
    ...(job.failureReason === undefined ? {} : { failureReason: word(job.failureReason) }),
    webUrl: job.webUrl,
  }
}

/** A short text of the host on one line. */
export function word(text: string): string {
  return capHead(plainText(text).replaceAll(/\s+/g, ' ').trim(), maxWord)
}
