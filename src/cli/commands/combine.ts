import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { errorCatalog, GreenloopError } from '../../domain/errors.ts'
import { oneOf, wholeNumber } from '../options.ts'
import type { Session } from '../session.ts'

/** Options of the command line, as commander gives them. */
export interface CombineFlags {
  engine: 'best' | 'PICT' | 'IPO' | 'naive'
  strength?: number
  seed?: number
  timeLimit?: number
  maxSteps?: number
  fast?: boolean
  maxCases?: number
  seeds?: string
  exclude?: string
  extend?: string
  prioritize?: boolean
  verify?: string
  results?: string
  outcome: string
  stats?: boolean
  format?: Format
  out?: string
  cache?: string | false
}

const formats = ['text', 'csv', 'json', 'markdown', 'html'] as const
/** How rows are written. */
export type Format = (typeof formats)[number]

const engines = ['best', 'PICT', 'IPO', 'naive'] as const

/** `greenloop combine MODEL`: few rows that cover all combinations of so many parameters at a time. */
export function registerCombine(program: Command, session: Session): void {
  program
    .command('combine')
    .argument('<model>', 'model in the PICT language or as JSON')
    .description('make few rows that hold every combination of values, two parameters at a time or more')
    .option('--engine <name>', `${engines.join(', ')} (best)`, oneOf(engines), 'best')
    .option('-t, --strength <n>', 'parameters whose combinations are covered, 1 to 6 (2)', wholeNumber(1))
    .option('--seed <n>', 'equal seeds give equal rows', wholeNumber(0))
    .option('--time-limit <duration>', 'time for the search: 10s, 2m; without it the search stops by itself', duration)
    .option('--max-steps <n>', 'steps of the search, as an exactly repeatable limit', wholeNumber(0))
    .option('--fast', 'no search')
    .option('--max-cases <n>', 'naive: rows at most', wholeNumber(1))
    .option('--seeds <file>', 'rows to begin with; empty cells are filled')
    .option('--exclude <file>', 'combinations that no row may hold')
    .option('--extend <file>', 'an older array: kept as far as the model allows, with few new rows')
    .option('--prioritize', 'put rows first that cover most')
    .option('--verify <file>', 'prove what the rows of this file cover, whoever made them')
    .option('--results <file>', 'rows with results: name the combinations that fail, and rows that would decide')
    .option('--outcome <column>', 'column of the results', 'result')
    .option('--stats', 'print lower bound and coverage by row')
    .option('--format <name>', `${formats.join(', ')} (text)`, oneOf(formats))
    .option('--out <file>', 'write there instead of to standard output; the ending decides on the format')
    .option('--cache <folder>', 'where arrays are kept for the next time (.greenloop/combinations)')
    .option('--no-cache', 'make it anew and keep nothing')
    .action(async (model: string, flags: CombineFlags) => {
      const exclusive = [flags.verify, flags.results].filter((file) => file !== undefined)
      if (exclusive.length > 1) {
        throw new GreenloopError('usage_invalid', '--verify and --results exclude each other')
      }
      if (session.server !== undefined) {
        const { combineRemotely } = await import('../remote-look.ts')
        return combineRemotely(model, flags, session)
      }
      const lines = await import('../combine-lines.ts')
      if (flags.verify !== undefined) {
        const isComplete = await lines.proveRows({ model, file: flags.verify, flags }, session)
        return session.end(isComplete ? 0 : errorCatalog.run_incomplete.exit)
      }
      if (flags.results !== undefined) await lines.nameSuspects({ model, file: flags.results, flags }, session)
      else await lines.makeRows(model, flags, session)
      session.end(0)
    })
}

const units: Readonly<Record<string, number>> = { '': 1, ms: 0.001, s: 1, m: 60 }

/** Seconds from `10s`, `500ms`, `2m` or `10`. */
function duration(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text) ?? []
  const seconds = Number(number) * (units[unit] ?? 0)
  if (number === '' || !(seconds > 0)) throw new InvalidArgumentError('A duration such as 10s, 500ms or 2m is wanted.')
  return seconds
}
