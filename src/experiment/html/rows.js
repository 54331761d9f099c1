import { byName, countCell, meanOf } from './data.js'
import { cellRank, valueText } from './format.js'

// Which cases are shown, and in which order.

const fold = (text) => text.normalize('NFKC').toLowerCase()

const texts = new Map()

function textOf(data, row) {
  const known = texts.get(row)
  if (known !== undefined) return known
  const values = data.parameters.map((_, at) => valueText(data, at, row))
  const parts = [data.cases.name[row], data.cases.id[row], data.datasets[data.cases.dataset[row]], ...values]
  const text = fold(parts.join(' '))
  texts.set(row, text)
  return text
}

/** Cases that fit the filters, sorted. */
export function chooseRows(index, state) {
  const { data } = index
  const words = fold(state.query).split(/\s+/).filter(Boolean)
  const chosen = index.rows.filter(
    (row) =>
      words.every((word) => textOf(data, row).includes(word)) &&
      fitsParameters(data, row, state.parameters) &&
      fitsStatus(index, row, state.status) &&
      fitsMode(index, row, state.mode),
  )
  return sortRows(index, chosen, state)
}

function fitsParameters(data, row, wanted) {
  return [...wanted].every(([parameter, value]) => (data.parameters[parameter].of[row] ?? -1) === value)
}

function fitsStatus(index, row, status) {
  if (status === -1) return true
  const { results } = index.data
  return index.variants.some((variant) => index.trials(row, variant).some((at) => results.status[at] === status))
}

function fitsMode(index, row, mode) {
  if (mode === 'all') return true
  const cells = index.variants
    .map((variant) => countCell(index, row, variant))
    .filter(({ trials }) => trials.length > 0)
  if (mode === 'failing') return cells.some(({ failed }) => failed > 0)
  return new Set(cells.map((cell) => likeness(index, cell))).size > 1
}

/** Cells with the same text here have come to the same. */
function likeness(index, { trials, passed, failed }) {
  if (passed + failed > 0) return `${passed}/${passed + failed}`
  const score = meanOf(index, trials, 'score')
  return score === null ? 'none' : score.toFixed(4)
}

function sortRows(index, rows, { sort, show }) {
  const { data } = index
  const name = (row) => data.cases.name[row]
  const ranks = new Map()
  const rank = sort.kind === 'variant' ? (row) => cellRank(index, row, sort.at, show) : (row) => worstOf(index, row)
  const sign = sort.down ? -1 : 1
  if (sort.kind === 'case') return rows.sort((a, b) => sign * byName(name(a), name(b)))
  if (sort.kind === 'parameter') {
    const value = (row) => valueText(data, sort.at, row)
    return rows.sort((a, b) => sign * byName(value(a), value(b)) || byName(name(a), name(b)))
  }
  for (const row of rows) ranks.set(row, rank(row))
  return rows.sort((a, b) => {
    const [x, y] = [ranks.get(a), ranks.get(b)]
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y))
    return sign * (x - y) || byName(name(a), name(b))
  })
}

/** Share of trials that did not fail: the worst cases come first. */
function worstOf(index, row) {
  let [judged, failed] = [0, 0]
  for (const variant of index.variants) {
    const cell = countCell(index, row, variant)
    judged += cell.passed + cell.failed
    failed += cell.failed
  }
  return judged === 0 ? 1 : 1 - failed / judged
}
