import type { PipelineInput } from '../../app/pipeline.ts'
import { flagsOf } from '../flags.ts'
import type { GeneratorOptions } from '../options.ts'
import type { Session } from '../session.ts'

/** `--show-prompt` and `--dry-run`: prints the prompt or the plan; true where that was all that was asked for. */
export async function showPlan(input: PipelineInput, options: GeneratorOptions, session: Session): Promise<boolean> {
  if (!options.showPrompt && !options.dryRun) return false
  const { prepare } = await import('../../app/generation.ts')
  const { cwd, env, signal, output } = session
  const { plan, prompt, loaded, warnings } = await prepare(input, { cwd, env, signal, flags: flagsOf(options) })
  for (const warning of warnings) output.note(`${warning}\n`)
  if (options.showPrompt) {
    output.print(output.result === 'json' && options.dryRun ? '' : `${prompt.system}\n\n${prompt.user}\n`)
    return true
  }
  const { mode, model, maxTokens } = loaded.settings.llm
  const document = {
    feature: plan.feature,
    owner: plan.owner,
    priority: plan.priority,
    framework: plan.framework,
    script: plan.scriptName,
    endpoints: plan.endpoints.map((endpoint) => `${endpoint.method} ${endpoint.path}`),
    cases: plan.cases.map(({ id, title, priority }) => ({ id, title, priority })),
    model: mode === 'http' ? model : mode,
    estimate: { inputTokens: prompt.estimatedTokens, outputTokensAtMost: mode === 'offline' ? 0 : maxTokens },
    warnings,
  }
  output.print(`${JSON.stringify(document, null, output.result === 'human' ? 2 : 0)}\n`)
  return true
}
