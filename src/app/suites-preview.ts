import type { z } from 'zod'
import type { PlanPreview, previewBodySchema } from '../domain/api-files.ts'
import { previewText } from './document-thread.ts'
import type { ServiceContext } from './service-context.ts'
import { baseOf, suiteText } from './suites.ts'

/** Plan and prompt of a suite; no model is called. Throws what is wrong with the suite. */
export async function previewPlan(
  service: ServiceContext,
  { suite, suiteId, framework }: z.output<typeof previewBodySchema>,
): Promise<PlanPreview> {
  const chosen = await suiteText(service, { suite, suiteId })
  const { cwd, env, flags } = service.where
  return previewText({
    text: chosen.text,
    name: chosen.name,
    base: baseOf(service, chosen),
    cwd,
    env: { ...env },
    flags: { ...flags, ...(framework === undefined ? {} : { 'generation.framework': framework }) },
  })
}
