import { combine } from '../combine/combine.ts'
import { coverageGrowth } from '../combine/coverage.ts'
import { formatRows } from '../combine/format.ts'
import { readModel } from '../combine/model-read.ts'
import { cellText } from '../combine/rows-cells.ts'
import type { ApiCombination } from '../domain/api-files.ts'
import { GreenloopError } from '../domain/errors.ts'
import { monotonic } from '../lib/clock.ts'
import type { CombinationTask } from './combinations.ts'
import { entriesOf } from './problem-entries.ts'
import { answerTasks } from './thread-answers.ts'

const mostRows = 2000
const mostCsv = 20_000_000
/** Up to here a search ends by itself, mostly within a second; who allows more wants it to go on. */
const usualSeconds = 5

answerTasks(
  async ({ model: text, strength, engine, seed, timeLimitSeconds }: CombinationTask): Promise<ApiCombination> => {
    const began = monotonic()
    const { model, warnings } = readModel(text, { file: 'model' })
    const limit = timeLimitSeconds > usualSeconds ? timeLimitSeconds - 0.5 : undefined
    const combination = await combine(model, { strength, engine, seed, timeLimitSeconds: limit, clock: monotonic })
    const { rows, tuples } = combination
    const { covered } = coverageGrowth(model, rows, combination.strength)
    const csv = formatRows(model, rows, 'csv')
    if (csv.length > mostCsv) {
      throw new GreenloopError('budget_reached', `the ${rows.length} rows are more than 20 MB of CSV`, {
        help: 'ask for a smaller strength, or run greenloop combine, which has no limit',
      })
    }
    const whole = Math.max(tuples.covered, covered.at(-1) ?? 0, 1)
    return {
      parameters: model.parameters.map(({ name, values }) => ({
        name,
        values: values.map((value) => cellText(value, value.text)),
      })),
      rows: rows.slice(0, mostRows).map((row) =>
        model.parameters.map(({ values }, index) => {
          const value = values[row[index] ?? -1]
          return value === undefined ? '' : cellText(value, value.text)
        }),
      ),
      rowCount: rows.length,
      strength: combination.strength,
      tuples: tuples.covered,
      growth: covered.map((count) => count / whole),
      lowerBound: combination.lowerBound,
      engine: combination.engine,
      durationMs: Math.round(monotonic() - began),
      warnings: entriesOf(warnings),
      csv,
    }
  },
)
