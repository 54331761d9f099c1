import type { Command } from 'commander'
import type { PipelineInput, PipelineResult } from '../../app/pipeline.ts'
import { contextOf, overridesOf } from '../flags.ts'
import { addDetachOption, addGeneratorOptions, addOutputOptions, addRunOptions } from '../options.ts'
import type { GeneratorOptions, RunOptions } from '../options.ts'
import type { Session } from '../session.ts'
import { watched } from '../watched.ts'
import { showPlan } from './preview.ts'

interface PipelineOptions extends GeneratorOptions, RunOptions {
  requestTemplate?: string
  detach?: boolean
  showNext?: boolean
}

/** `greenloop pipeline --suite FILE`: generate, validate, execute, report. */
export function registerPipeline(program: Command, session: Session): void {
  const command = program
    .command('pipeline')
    .description('from a suite to a report: generate, validate, execute, collect')
  addDetachOption(addOutputOptions(addRunOptions(addGeneratorOptions(command))))
    .option('--request-template <file>', 'request file whose tests are replaced by the new script')
    .option('--show-next', 'end with what to try next')
    .action(async (options: PipelineOptions) => {
      if (session.server !== undefined) {
        const { startFromSuite } = await import('../remote-start.ts')
        return startFromSuite('startPipeline', options, session)
      }
      if (await showPlan(inputOf(options), options, session)) return
      const { runPipeline } = await import('../../app/pipeline.ts')
      const { printPipeline } = await import('../pipeline-result.ts')
      const result = await watched(session, options, (where) => runPipeline(inputOf(options), where))
      printPipeline(result, session)
      if (options.showNext) session.output.note(next(result))
    })
}

/** What a command line says of a generation. */
export function inputOf(options: PipelineOptions): PipelineInput {
  return {
    suite: options.suite ?? '',
    tags: options.tag,
    priorities: options.priority,
    context: contextOf(options.context),
    runId: options.runId,
    requestTemplate: options.requestTemplate,
    overrides: overridesOf(options),
    coverage: options.coverage,
    out: options.out,
  }
}

function next({ generated }: PipelineResult): string {
  return `
try next
  open ${generated.runDir}/report.html
  bin/greenloop pipeline --suite examples/suites/authentication.json      an HTTP service, started and stopped by its tests
  bin/greenloop pipeline --suite examples/suites/calculator.json --mode http --http-endpoint URL --http-model NAME
  bin/greenloop run examples/exec_request.json                            tests that fail, flake, hang and crash on purpose
  bin/greenloop doctor                                                    what works on this machine
`
}
