import type { Model } from './model.ts'
import { cellText } from './rows-cells.ts'
import type { Combination, RefusedRow, Verification } from './verify.ts'

const refusedShown = 10
const missingShown = 20

/**
 * A verification as text for people. `lines` gives the line of each row in its file; without it rows are numbered
 * from 1.
 */
export function formatVerification(result: Verification, model: Model, lines?: readonly number[]): string {
  const { complete, strength, rows, refused, positive, negative, infeasible, missing } = result
  const lacking = positive.missing + negative.missing
  const verdict = complete
    ? 'complete'
    : `incomplete: ${counted(lacking, 'combination')} missing, ${counted(refused.length, 'row')} refused`
  const share = (count: Verification['positive']): string =>
    `${count.covered} of ${count.covered + count.missing} (${percent(count.covered, count.covered + count.missing)})`
  const parts = [
    `${counted(rows, 'row')}, strength ${strength}: ${verdict}`,
    `  covered             ${share(positive)}`,
    ...(negative.covered + negative.missing > 0 ? [`  with negative value ${share(negative)}`] : []),
    ...(infeasible > 0 ? [`  impossible          ${infeasible}`] : []),
    ...refused.slice(0, refusedShown).map((each) => `row ${where(each, lines)} ${reasonText(each, model)}`),
    ...more(refused.length - refusedShown, 'refused row'),
    ...missing.slice(0, missingShown).map((each) => `missing: ${combinationText(each, model)}`),
    ...more(lacking - missingShown, 'missing combination'),
  ]
  return `${parts.join('\n')}\n`
}

/** A combination as `OS = linux, RAM = 2`. */
export function combinationText(combination: Combination, model: Model): string {
  return combination
    .map(({ parameter, value }) => {
      const owner = model.parameters[parameter]
      const found = owner?.values[value]
      return `${owner?.name} = ${found === undefined ? '?' : cellText(found, found.text)}`
    })
    .join(', ')
}

function reasonText({ reason }: RefusedRow, model: Model): string {
  switch (reason.kind) {
    case 'open':
      return 'leaves a parameter open'
    case 'negatives':
      return 'holds two negative values'
    case 'violates': {
      const constraint = model.constraints[reason.constraint]
      const line = constraint?.place.line
      return `violates${line === undefined ? '' : ` line ${line} of the model`}: ${constraint?.text}`
    }
  }
}

function where({ row }: RefusedRow, lines: readonly number[] | undefined): string {
  const line = lines?.[row]
  return line === undefined ? String(row + 1) : `in line ${line}`
}

function more(count: number, what: string): string[] {
  return count > 0 ? [`and ${counted(count, `more ${what}`)}`] : []
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** Rounded down, so that 100 % means all. */
function percent(part: number, whole: number): string {
  return whole === 0 ? '100 %' : `${Math.floor((1000 * part) / whole) / 10} %`
}
