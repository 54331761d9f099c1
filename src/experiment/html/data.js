// Trials column by column, and where to find them.

/** Bytes that were packed with gzip and written as base64. */
export async function unpack(text) {
  const bytes = Uint8Array.fromBase64?.(text) ?? Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0))
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return new Response(stream).json()
}

/** Trials of one workflow by case and variant. */
export function indexTrials(data, workflow) {
  const { results } = data
  const width = data.variants.length
  const first = new Int32Array(data.cases.id.length * width).fill(-1)
  const next = new Int32Array(results.case.length).fill(-1)
  const used = new Uint8Array(width)
  const seen = new Uint8Array(data.cases.id.length)
  const rows = []
  for (let at = results.case.length - 1; at >= 0; at--) {
    if (results.workflow[at] !== workflow) continue
    const row = results.case[at]
    const cell = row * width + results.variant[at]
    next[at] = first[cell]
    first[cell] = at
    used[results.variant[at]] = 1
    if (seen[row] === 0) rows.push(row)
    seen[row] = 1
  }
  const variants = data.variants.map((_, index) => index).filter((index) => used[index] === 1)
  // The baseline comes first, the others in the order of their names.
  variants.sort((a, b) => isBaseline(data, b) - isBaseline(data, a) || byName(data.variants[a], data.variants[b]))
  const trials = (row, variant) => {
    const list = []
    for (let at = first[row * width + variant]; at !== -1; at = next[at]) list.push(at)
    return list.length < 2 ? list : list.sort((a, b) => results.repeat[a] - results.repeat[b])
  }
  return { data, workflow, rows, variants, trials, parameters: parametersOf(data, rows) }
}

const isBaseline = (data, variant) => Number(data.variants[variant] === data.baseline)

const collator = new Intl.Collator('en', { numeric: true })

/** Order of names in which 10 comes behind 9. */
export function byName(a, b) {
  return collator.compare(a, b)
}

/** Parameters that more than one value of occurs in these cases. */
function parametersOf(data, rows) {
  return data.parameters
    .map((parameter, at) => ({ ...parameter, at, known: new Set(rows.map((row) => parameter.of[row] ?? -1)) }))
    .filter(({ known }) => known.size > 1)
}

/** Counts of the trials in a cell. */
export function countCell(index, row, variant) {
  const { results } = index.data
  const trials = index.trials(row, variant)
  const counts = { trials, passed: 0, failed: 0, unchecked: 0, missing: 0, cancelled: 0 }
  for (const at of trials) counts[index.data.outcomes[results.outcome[at]]]++
  return counts
}

/** Mean of a column over the trials of a cell, or null. */
export function meanOf(index, trials, name) {
  const values = trials.map((at) => index.data.results[name][at]).filter((value) => value !== null)
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
}
