import { join, relative } from 'node:path'
import { usageOf } from '../app/pipeline.ts'
import type { PipelineResult, Validated } from '../app/pipeline.ts'
import { printReport } from './result.ts'
import type { Session } from './session.ts'

/** Prints a whole pipeline that is over. */
export function printPipeline(result: PipelineResult, session: Session): void {
  printReport(result.reported, session, { generation: describe(result) })
}

/** Prints a script that passed validation. */
export function printValidated(result: Validated, session: Session): void {
  const { generated, collected, script } = result
  const { output, cwd } = session
  const document = { status: 'finished', exitCode: 0, artifacts: generated.files, ...describe(result) }
  if (output.result === 'human') {
    output.note(`\n${collected} tests in ${relative(cwd, join(generated.runDir, script.name))}\n`)
  } else output.print(`${JSON.stringify(output.result === 'jsonl' ? { kind: 'summary', ...document } : document)}\n`)
  session.end(0)
}

/** The part of the document that tells how the script came to be. */
function describe({ generated, script, collected }: Validated): Record<string, unknown> {
  const { provider, how, applied, findings } = generated.generation
  const warnings = findings.map(({ line, message }) => `line ${line}: ${message}`)
  const path = join(generated.runDir, script.name)
  const { tests } = script
  return { provider, usage: usageOf(generated.generation), script: path, tests, collected, how, applied, warnings }
}
