import type { PlanOutline, PlanTask } from './plans.ts'
import { planExperiment } from './experiment-plan.ts'
import { answerTasks } from './thread-answers.ts'

answerTasks(async ({ path, cwd, env }: PlanTask): Promise<PlanOutline> => {
  const { title, manifests, estimate, warnings } = await planExperiment(
    path,
    {},
    { cwd, env, signal: new AbortController().signal },
  )
  const { trials, cases, tokens, judgeTokens, cost, duration, notes } = estimate
  return {
    name: title,
    manifests: manifests.map((manifest) => ({
      id: manifest.id,
      workflowId: manifest.workflowId,
      variantId: manifest.variantId,
      cases: manifest.cases,
      repeats: manifest.repeats,
    })),
    estimate: {
      trials,
      cases,
      ...(tokens === undefined ? {} : { tokens: tokens.high + judgeTokens.high }),
      ...(cost?.currency === 'USD' ? { costUsd: Number(cost.high) } : {}),
      seconds: duration.seconds,
    },
    warnings: [...warnings, ...notes],
  }
})
