import { z } from 'zod'
import type { ForgeJob } from '../domain/forge.ts'
import { flagField, idField, optionalText, timeField, webField } from './gitlab-fields.ts'

/** Where a job stands, for hosts that do not say it in the job. */
export interface JobPlace {
  readonly projectId: number
  /** Absent where the job itself has to tell. */
  readonly pipelineId?: number | undefined
  readonly kind: ForgeJob['kind']
}

/** A job or bridge. Whether another one took its place shows only among all jobs of its pipeline. */
export function jobSchema(place: JobPlace): z.ZodType<ForgeJob> {
  const isKnown = place.pipelineId !== undefined
  const pipelineField = z.object({ id: idField, project_id: idField.nullish() })
  return z
    .object({
      id: idField,
      name: z.string(),
      stage: z.string().catch(''),
      status: z.string(),
      allow_failure: flagField,
      failure_reason: optionalText,
      web_url: webField,
      started_at: timeField,
      finished_at: timeField,
      scheduled_at: timeField,
      pipeline: isKnown ? pipelineField.nullish() : pipelineField,
      downstream_pipeline: z
        .object({ id: idField, project_id: idField.nullish(), status: z.string() })
        .nullish()
        .catch(undefined),
    })
    .transform((said) => {
      const { downstream_pipeline: below } = said
      return {
        id: said.id,
        projectId: place.projectId,
        pipelineId: place.pipelineId ?? said.pipeline?.id ?? 0,
        name: said.name,
        stage: said.stage,
        status: said.status,
        allowFailure: said.allow_failure,
        failureReason: said.failure_reason,
        webUrl: said.web_url,
        startedAt: said.started_at,
        finishedAt: said.finished_at,
        scheduledAt: said.scheduled_at,
        isRetried: false,
        kind: place.kind,
        downstream:
          below === null || below === undefined
            ? undefined
            : { projectId: below.project_id ?? place.projectId, pipelineId: below.id, status: below.status },
      }
    })
}
