import { indexTrials, unpack } from './data.js'
import { createMatrix } from './matrix.js'
import { createPanel } from './panel.js'
import { chooseRows } from './rows.js'
import { escapeHtml, say } from './words.js'

// What the page concludes is there without this script; this unpacks the trials and shows them.

const host = document.getElementById('cases')

function controlsHtml(data) {
  const option = (value, text) => `<option value="${value}">${escapeHtml(text)}</option>`
  const pick = (id, label, options) =>
    `<label class="pick"><span>${escapeHtml(label)}</span><select id="${id}">${options.join('')}</select></label>`
  const workflows = data.workflows.map((name, at) => option(at, name))
  const statuses = data.statuses.map((name, at) => option(at, name.replaceAll('_', ' ')))
  const modes = [
    ['all', 'all_cases'],
    ['different', 'only_different'],
    ['failing', 'only_failing'],
  ].map(
    ([mode, text]) =>
      `<button type="button" data-mode="${mode}" aria-pressed="${mode === 'all'}">${say(text)}</button>`,
  )
  const shows = ['passes', 'score', 'latency', 'cost', 'tokens'].map((show) => option(show, say(`show_${show}`)))
  return `<div class="controls">${workflows.length > 1 ? pick('workflow', say('workflow'), workflows) : ''}
<div class="filters" role="group" aria-label="${say('show')}">${modes.join('')}</div>
<input type="search" id="search" aria-label="${say('search_label')}" placeholder="${escapeHtml(say('search'))}" autocomplete="off" spellcheck="false">
${pick('status-filter', say('status'), [option(-1, say('any')), ...statuses])}
${pick('show', say('show'), shows)}
<span id="parameter-filters" class="filters"></span>
<button type="button" id="reset" hidden>${say('reset')}</button></div>
<p class="quiet" role="status" id="shown"></p><div id="matrix"></div><p class="quiet">${say('grid_hint')}</p>`
}

function parameterFilters(index) {
  return index.parameters
    .filter(({ known }) => known.size <= 200)
    .slice(0, 12)
    .map(({ at, name, values, known }) => {
      const options = values.map((value, number) =>
        known.has(number) ? `<option value="${number}">${escapeHtml(String(value))}</option>` : '',
      )
      return `<label class="pick"><span>${escapeHtml(name)}</span><select data-parameter="${at}"><option value="-2">${say('any')}</option>${options.join('')}</select></label>`
    })
    .join('')
}

/** Where nothing was checked there are no passes to show. */
function firstShow({ results, outcomes }) {
  const judged = [outcomes.indexOf('passed'), outcomes.indexOf('failed')]
  return results.outcome.length === 0 || results.outcome.some((each) => judged.includes(each)) ? 'passes' : 'latency'
}

const fresh = () => ({ mode: 'all', query: '', status: -1, parameters: new Map() })

function start(data) {
  const first = Math.max(0, data.workflows.indexOf(readHash()?.[0]))
  let index = indexTrials(data, first)
  let state = { ...fresh(), show: firstShow(data), sort: { kind: 'worst', at: 0, down: false } }
  let rows = []
  let place = null
  host.innerHTML = controlsHtml(data)
  const find = (id) => document.getElementById(id)
  find('show').value = state.show
  const matrix = createMatrix(find('matrix'), {
    onOpen: (row, variant) => writeHash(index, row, variant),
    onSort: (sort) => update({ sort }),
  })
  const panel = createPanel({
    onMove: (step) => {
      const at = rows.indexOf(place.row) + step
      if (rows[at] !== undefined) writeHash(index, rows[at], place.variant)
    },
    onVariant: (variant) => writeHash(index, place.row, variant),
    onClose: () => {
      history.replaceState(null, '', location.pathname + location.search)
      if (place !== null) matrix.focus(place.row, place.variant)
      place = null
    },
  })

  const update = (change) => {
    state = { ...state, ...change }
    rows = chooseRows(index, state)
    matrix.show(index, rows, state)
    for (const each of host.querySelectorAll('[data-mode]'))
      each.setAttribute('aria-pressed', String(each.dataset.mode === state.mode))
    find('reset').hidden =
      state.mode === 'all' && state.query === '' && state.status === -1 && state.parameters.size === 0
    find('shown').textContent = say('shown', {
      n: rows.length.toLocaleString('en'),
      all: index.rows.length.toLocaleString('en'),
    })
  }
  const choose = (workflow) => {
    index = indexTrials(data, workflow)
    find('parameter-filters').innerHTML = parameterFilters(index)
    if (find('workflow') !== null) find('workflow').value = String(workflow)
    state.sort = { kind: 'worst', at: 0, down: false }
    reset()
  }
  const reset = () => {
    find('search').value = ''
    find('status-filter').value = '-1'
    for (const each of host.querySelectorAll('[data-parameter]')) each.value = '-2'
    update(fresh())
  }
  const follow = () => {
    const wanted = readHash()
    const found = wanted === null ? null : placeOf(data, wanted)
    if (found === null) return panel.close()
    if (found.workflow !== index.workflow) choose(found.workflow)
    place = { index, row: found.row, variant: found.variant }
    return panel.open(place)
  }

  host.addEventListener('click', ({ target }) => {
    const button = target.closest('button')
    if (button?.dataset.mode) update({ mode: button.dataset.mode })
    if (button?.id === 'reset') {
      reset()
      find('search').focus()
    }
  })
  host.addEventListener('change', ({ target }) => {
    if (target.id === 'workflow') choose(Number(target.value))
    if (target.id === 'status-filter') update({ status: Number(target.value) })
    if (target.id === 'show') update({ show: target.value })
    if (!target.dataset.parameter) return
    const parameters = new Map(state.parameters)
    if (target.value === '-2') parameters.delete(Number(target.dataset.parameter))
    else parameters.set(Number(target.dataset.parameter), Number(target.value))
    update({ parameters })
  })
  const search = () => find('search').value !== state.query && update({ query: find('search').value })
  find('search').addEventListener('input', (event) => event.isComposing || search())
  find('search').addEventListener('compositionend', search)
  document.addEventListener('keydown', (event) => {
    if (event.target.closest('input, select, textarea') || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === '/' && !panel.isOpen()) {
      find('search').focus()
      event.preventDefault()
    }
    const step = { j: 1, k: -1 }[event.key]
    const at = step !== undefined && place !== null ? rows.indexOf(place.row) + step : -1
    if (rows[at] !== undefined) writeHash(index, rows[at], place.variant)
  })
  addEventListener('hashchange', follow)
  choose(first)
  follow()
}

/** `#/workflow/case/variant`, so that a trial can be pointed at. */
function readHash() {
  if (!location.hash.startsWith('#/')) return null
  try {
    const parts = location.hash.slice(2).split('/').map(decodeURIComponent)
    return parts.length === 3 ? parts : null
  } catch {
    return null
  }
}

function writeHash({ data, workflow }, row, variant) {
  const parts = [data.workflows[workflow], data.cases.id[row], data.variants[variant]]
  location.hash = `/${parts.map(encodeURIComponent).join('/')}`
}

function placeOf(data, [workflow, id, variant]) {
  const place = {
    workflow: data.workflows.indexOf(workflow),
    row: data.cases.id.indexOf(id),
    variant: data.variants.indexOf(variant),
  }
  return Object.values(place).includes(-1) ? null : place
}

async function begin() {
  try {
    start(await unpack(document.getElementById('data').textContent))
  } catch (error) {
    host.innerHTML = `<p class="bad">${escapeHtml(say('broken', { reason: error.message }))}</p>`
    throw error
  }
}

// The conclusions are painted before the trials are unpacked.
requestAnimationFrame(() => setTimeout(begin, 0))
