import { extname, resolve } from 'node:path'
import { combineFile, localiseFile, renderRows, verifyFile } from '../app/combine.ts'
import type { CombineResult } from '../app/combine.ts'
import { localisationText, statisticsText, verificationText } from '../app/combine-text.ts'
import { writeOut } from '../app/write-out.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Problem } from '../domain/errors.ts'
import { visible } from '../lib/frame.ts'
import type { CombineFlags, Format } from './commands/combine.ts'
import type { Session } from './session.ts'

const usualCache = '.greenloop/combinations'

/** Makes the rows of a model and writes them where they are wanted. */
export async function makeRows(model: string, flags: CombineFlags, session: Session): Promise<void> {
  const { engine, strength, seed, timeLimit, maxSteps, fast, maxCases, prioritize } = flags
  const { cwd, signal, output } = session
  const options = { engine, strength, seed, timeLimitSeconds: timeLimit, maxSteps, fast, maxCases, prioritize, signal }
  const { seeds, exclude, extend, cache } = flags
  const result = await combineFile({
    cwd,
    model,
    options,
    seedsFile: seeds,
    excludeFile: exclude,
    extendFile: extend,
    cache: cache === false ? undefined : (cache ?? usualCache),
  })
  tellWarnings(result.warnings, session)
  const text = renderRows(result, { format: formatOf(flags, output.asked), title: model })
  if (flags.out === undefined) output.print(text)
  else await writeOut(resolve(cwd, flags.out), text)
  if (flags.stats) output.note(statisticsText(result))
  else output.note(summaryOf(result))
}

/** The format that was asked for, or that of the file, or JSON where JSON was asked for, or text. */
function formatOf({ format, out }: CombineFlags, isJson: boolean): Format {
  if (format !== undefined) return format
  const endings: Readonly<Record<string, Format>> = {
    '.csv': 'csv',
    '.json': 'json',
    '.md': 'markdown',
    '.html': 'html',
    '.htm': 'html',
  }
  return endings[extname(out ?? '').toLowerCase()] ?? (isJson ? 'json' : 'text')
}

function summaryOf({ combination, cached }: CombineResult): string {
  const { rows, lowerBound, tuples, engine, strength, stopped } = combination
  const left = stopped === 'max_cases' ? '; rows were left out, see --max-cases' : ''
  const impossible = tuples.infeasible > 0 ? `, ${tuples.infeasible} impossible` : ''
  const origin = cached ? 'from the cache' : engine
  return `${rows.length} rows (${origin}), at least ${lowerBound} are needed; ${tuples.covered} combinations of ${strength} covered${impossible}${left}\n`
}

interface FileTask {
  readonly model: string
  readonly file: string
  readonly flags: CombineFlags
}

/** Prints what the rows of a file cover; gives whether they cover everything. */
export async function proveRows({ model, file, flags }: FileTask, { cwd, output }: Session): Promise<boolean> {
  const result = await verifyFile({ cwd, model, rows: file }, flags.strength)
  if (output.asked) output.print(`${JSON.stringify(result.verification)}\n`)
  else output.print(verificationText(result))
  return result.verification.complete
}

/** Prints the combinations that explain why rows failed, and rows that would decide between them. */
export async function nameSuspects({ model, file, flags }: FileTask, session: Session): Promise<void> {
  const { cwd, output } = session
  const found = await localiseFile({ cwd, model, rows: file, outcome: flags.outcome })
  if (output.asked) output.print(`${JSON.stringify(found.localisation)}\n`)
  else output.print(localisationText(found))
}

function tellWarnings(warnings: readonly Problem[], { output, signal }: Session): void {
  if (signal.aborted) throw new GreenloopError('cancelled', 'the command was interrupted')
  for (const { message, place } of warnings) {
    const where = place === undefined ? '' : `${place.file}:${place.line ?? ''}: `
    output.note(`warning: ${where}${visible(message)}\n`)
  }
}
