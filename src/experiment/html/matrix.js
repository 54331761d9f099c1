import { countCell } from './data.js'
import { cellText, signs, standingOf, valueText } from './format.js'
import { shown } from './trial.js'
import { escapeHtml, say } from './words.js'

// The table of cases: only the rows in sight are there.

const rowHeight = 40
const beyond = 10
const mostParameters = 8
// With more variants, a column has no room beside its name.
const roomForTag = 4
// A narrow screen has room for the variants only; values stand in the panel.
const narrow = matchMedia('(max-width: 720px)')

/** Makes the table in `host`; `onOpen(row, variant)` is called for a chosen cell, `onSort(sort)` for a chosen column. */
export function createMatrix(host, { onOpen, onSort }) {
  host.innerHTML = `<div class="grid" role="grid" aria-label="${say('results')}" tabindex="-1"><div class="grid-head" role="rowgroup"></div><div class="grid-body" role="rowgroup"></div></div><p class="quiet" id="none" hidden>${say('none_shown')}</p>`
  const grid = host.querySelector('.grid')
  const [head, body] = grid.children
  let view = null
  let drawn = ''
  let active = { at: 0, column: 0 }

  const draw = (force = false) => {
    const { rows } = view
    const first = Math.max(0, Math.floor(grid.scrollTop / rowHeight) - beyond)
    const last = Math.min(rows.length, first + Math.ceil(grid.clientHeight / rowHeight) + 2 * beyond)
    const range = `${first}-${last}`
    if (range === drawn && !force) return
    drawn = range
    const held = body.contains(document.activeElement)
    body.innerHTML = rows
      .slice(first, last)
      .map((row, at) => rowHtml(view, row, { at: first + at, active }))
      .join('')
    for (const [at, element] of [...body.children].entries())
      element.style.transform = `translateY(${(first + at) * rowHeight}px)`
    if (held) (cellAt(active) ?? grid).focus({ preventScroll: true })
  }
  const cellAt = ({ at, column }) => body.querySelector(`[data-at="${at}"][data-column="${column}"]`)
  const move = (at, column) => {
    const before = cellAt(active)
    if (before) before.tabIndex = -1
    active = {
      at: Math.min(Math.max(at, 0), view.rows.length - 1),
      column: Math.min(Math.max(column, 0), view.columns.length - 1),
    }
    reveal(grid, active.at, head.offsetHeight)
    draw(true)
    const cell = cellAt(active)
    cell?.focus({ preventScroll: true })
    cell?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }
  const open = ({ at, column }) => {
    const { kind, at: variant } = view.columns[column]
    const row = view.rows[at]
    const failing = view.index.variants.find((each) => countCell(view.index, row, each).failed > 0)
    onOpen(row, kind === 'variant' ? variant : (failing ?? view.index.variants[0]))
  }

  grid.addEventListener('scroll', () => requestAnimationFrame(() => draw()), { passive: true })
  new ResizeObserver(() => view && draw()).observe(grid)
  grid.addEventListener('keydown', (event) => {
    const cell = event.target.closest('[data-column]')
    if (cell === null || !body.contains(cell)) return
    const page = Math.max(1, Math.floor(grid.clientHeight / rowHeight) - 2)
    const { at, column } = active
    const steps = {
      ArrowDown: [at + 1, column],
      ArrowUp: [at - 1, column],
      ArrowRight: [at, column + 1],
      ArrowLeft: [at, column - 1],
      PageDown: [at + page, column],
      PageUp: [at - page, column],
      Home: [event.ctrlKey ? 0 : at, event.ctrlKey ? column : 0],
      End: [event.ctrlKey ? view.rows.length - 1 : at, event.ctrlKey ? column : view.columns.length - 1],
    }
    const step = steps[event.key]
    if (event.key === 'Enter' || event.key === ' ') open(active)
    else if (step) move(...step)
    else return
    event.preventDefault()
  })
  grid.addEventListener('click', ({ target }) => {
    const sort = target.closest('[data-sort]')
    if (sort !== null) return onSort(nextSort(view, Number(sort.dataset.sort)))
    const cell = target.closest('[data-column]')
    if (cell === null) return
    active = { at: Number(cell.dataset.at), column: Number(cell.dataset.column) }
    draw(true)
    open(active)
  })
  const show = (index, rows, state) => {
    const columns = columnsOf(index)
    const sorted = head.querySelector(':focus')?.dataset.sort
    view = { index, rows, state, columns }
    active = { at: 0, column: columns.findIndex(({ kind }) => kind === 'variant') }
    grid.scrollTop = 0
    layOut(grid, view)
    head.innerHTML = headHtml(view)
    if (sorted !== undefined) head.querySelector(`[data-sort="${sorted}"]`)?.focus()
    body.style.height = `${rows.length * rowHeight}px`
    host.querySelector('#none').hidden = rows.length > 0
    draw(true)
  }
  narrow.addEventListener('change', () => view && show(view.index, view.rows, view.state))
  return {
    show,
    /** Brings a row into view and focuses its cell. */
    focus: (row, variant) => {
      const column = view.columns.findIndex((each) => each.kind === 'variant' && each.at === variant)
      const at = view.rows.indexOf(row)
      if (at !== -1) move(at, column)
    },
  }
}

function columnsOf(index) {
  const parameters = index.parameters.slice(0, narrow.matches ? 0 : mostParameters)
  return [
    { kind: 'case', at: 0, title: say('case') },
    ...parameters.map(({ at, name }) => ({ kind: 'parameter', at, title: name })),
    ...index.variants.map((at) => ({ kind: 'variant', at, title: index.data.variants[at] })),
  ]
}

function layOut(grid, { columns, rows }) {
  const parameters = columns.filter(({ kind }) => kind === 'parameter').length
  const variants = columns.length - 1 - parameters
  const tracks = `minmax(var(--case), 3fr) repeat(${parameters}, minmax(var(--parameter), 1fr)) repeat(${variants}, minmax(var(--cell), 1fr))`
  grid.style.setProperty('--tracks', tracks.replace('repeat(0, minmax(var(--parameter), 1fr)) ', ''))
  grid.style.setProperty('--parameters', String(parameters))
  grid.style.setProperty('--variants', String(variants))
  grid.setAttribute('aria-rowcount', String(rows.length + 1))
  grid.setAttribute('aria-colcount', String(columns.length))
}

function headHtml({ columns, state, index }) {
  const cells = columns.map((column, number) => {
    const isSorted = state.sort.kind === column.kind && state.sort.at === column.at
    const order = isSorted ? ` aria-sort="${state.sort.down ? 'descending' : 'ascending'}"` : ''
    const arrow = isSorted ? `<span aria-hidden="true">${state.sort.down ? '↓' : '↑'}</span>` : ''
    const isBase =
      column.kind === 'variant' && column.title === index.data.baseline && index.variants.length <= roomForTag
    const tag = isBase ? `<span class="tag">${say('baseline')}</span>` : ''
    return `<div role="columnheader" class="cell is-${column.kind}-head" aria-colindex="${number + 1}"${order}><button type="button" data-sort="${number}" title="${escapeHtml(say('sort_by', { name: column.title }))}"><span class="clip">${shown(column.title)}</span>${tag}${arrow}</button></div>`
  })
  return `<div role="row" class="row" aria-rowindex="1">${cells.join('')}</div>`
}

function rowHtml(view, row, { at, active }) {
  const { index, columns, state } = view
  const cells = columns.map((column, number) => {
    const isActive = active.at === at && active.column === number
    const common = `data-at="${at}" data-column="${number}" aria-colindex="${number + 1}" tabindex="${isActive ? 0 : -1}"`
    if (column.kind === 'case') {
      const name = index.data.cases.name[row]
      return `<div role="rowheader" class="cell is-case" ${common} title="${shown(name)}"><span class="clip" dir="auto">${shown(name)}</span></div>`
    }
    if (column.kind === 'parameter') {
      const value = valueText(index.data, column.at, row)
      return `<div role="gridcell" class="cell is-parameter" ${common} title="${shown(value)}"><span class="clip">${shown(value)}</span></div>`
    }
    const counts = countCell(index, row, column.at)
    const standing = standingOf(counts)
    const text = cellText(index, counts, state.show)
    return `<div role="gridcell" class="cell is-variant wash-${standing}" ${common}><span class="sign" aria-hidden="true">${signs[standing]}</span>${escapeHtml(text)}</div>`
  })
  return `<div role="row" class="row" aria-rowindex="${at + 2}">${cells.join('')}</div>`
}

function nextSort({ columns, state }, number) {
  const { kind, at } = columns[number]
  const isSame = state.sort.kind === kind && state.sort.at === at
  return { kind, at, down: isSame ? !state.sort.down : false }
}

function reveal(grid, at, headHeight) {
  const top = at * rowHeight
  const room = grid.clientHeight - headHeight
  if (top < grid.scrollTop) grid.scrollTop = top
  else if (top + rowHeight > grid.scrollTop + room) grid.scrollTop = top + rowHeight - room
}
