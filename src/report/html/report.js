import { modelText, renderBody, renderTest } from './view.js'

// The page without this script is complete as far as failures go; this adds filters, search, tabs, and the other tests.

const data = JSON.parse(document.getElementById('data').textContent)
const list = document.getElementById('tests')
const search = document.getElementById('search')
const note = document.getElementById('note')
const more = document.getElementById('more')
const filters = [...document.querySelectorAll('[data-filter]')]

const chunk = 100
const order = { failed: 0, flaky: 1, not_run: 2, passed: 3, skipped: 4 }
const ranked = data.tests
  .map((test, index) => ({ test, index }))
  .sort((a, b) => order[a.test.standing] - order[b.test.standing])
const fold = (text) => text.normalize('NFKC').toLowerCase().replaceAll('ё', 'е')
const texts = new Map()
let shown = []
let drawn = 0

function textOf(entry) {
  if (!texts.has(entry.index)) {
    const { id, name, suite, caseId, tags, attempts } = entry.test
    const errors = attempts.map((each) => `${each.type ?? ''} ${each.message ?? ''}`)
    texts.set(entry.index, fold([id, name, ...suite, caseId ?? '', ...(tags ?? []), ...errors].join(' ')))
  }
  return texts.get(entry.index)
}

function matches(test, filter) {
  if (filter === 'all') return true
  return filter === 'slow' ? test.ms >= data.slowMs : test.standing === filter
}

function readState() {
  const state = new URLSearchParams(location.hash.slice(1))
  const filter = state.get('filter')
  return {
    filter: filters.some((each) => each.dataset.filter === filter) ? filter : data.filter,
    query: state.get('q') ?? '',
  }
}

function writeState(filter, query) {
  const state = new URLSearchParams()
  if (filter !== data.filter) state.set('filter', filter)
  if (query !== '') state.set('q', query)
  const hash = state.toString()
  history.replaceState(null, '', hash === '' ? location.pathname + location.search : `#${hash}`)
}

function draw() {
  const { filter, query } = readState()
  const wanted = fold(query.trim())
  shown = ranked.filter((entry) => matches(entry.test, filter) && (wanted === '' || textOf(entry).includes(wanted)))
  if (filter === 'slow') shown.sort((a, b) => b.test.ms - a.test.ms)
  for (const each of filters) each.setAttribute('aria-pressed', String(each.dataset.filter === filter))
  if (search.value !== query) search.value = query
  list.replaceChildren()
  drawn = 0
  drawMore()
  note.textContent = shown.length === 1 ? '1 test' : `${shown.length} tests`
}

function drawMore() {
  const next = shown.slice(drawn, drawn + chunk)
  const openFirst = drawn === 0 && next[0]?.test.standing === 'failed'
  const html = next.map(({ test, index }, at) =>
    renderTest(test, index, { body: openFirst && at === 0, open: openFirst && at === 0 }),
  )
  list.insertAdjacentHTML('beforeend', html.join(''))
  drawn += next.length
  more.hidden = drawn >= shown.length
}

function choose(tab) {
  const box = tab.closest('.attempts')
  for (const each of box.querySelectorAll('[role=tab]')) {
    const chosen = each === tab
    each.setAttribute('aria-selected', String(chosen))
    each.tabIndex = chosen ? 0 : -1
    document.getElementById(each.getAttribute('aria-controls')).classList.toggle('chosen', chosen)
  }
}

async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    // A page opened from disk may not be allowed to use the clipboard in the modern way.
    const area = document.body.appendChild(Object.assign(document.createElement('textarea'), { value: text }))
    area.select()
    document.execCommand('copy')
    area.remove()
    button.focus()
  }
  document.getElementById('status').textContent = 'Copied to the clipboard'
  button.dataset.label ??= button.textContent
  button.textContent = 'Copied'
  setTimeout(() => (button.textContent = button.dataset.label), 1500)
}

list.addEventListener(
  'toggle',
  ({ target }) => {
    const body = target.querySelector('.body')
    if (target.open && body.childElementCount === 0) {
      const index = Number(target.dataset.index)
      body.innerHTML = renderBody(data.tests[index], index)
    }
  },
  true,
)

document.addEventListener('click', ({ target }) => {
  const button = target.closest('button')
  if (button === null) return
  if (button.dataset.filter) {
    writeState(button.dataset.filter, search.value)
    draw()
  }
  if (button.role === 'tab') choose(button)
  if (button.dataset.copy === 'digest') copy(button, data.digest)
  const row = button.closest('details.test')
  if (row === null) return
  const test = data.tests[Number(row.dataset.index)]
  if (button.dataset.copy === 'rerun') copy(button, test.rerun)
  if (button.dataset.copy === 'model') copy(button, modelText(test))
})

list.addEventListener('keydown', (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
  if (event.target.role !== 'tab' || step === undefined) return
  const tabs = [...event.target.parentElement.querySelectorAll('[role=tab]')]
  const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length]
  choose(next)
  next.focus()
  event.preventDefault()
})

search.addEventListener('input', (event) => {
  if (event.isComposing) return
  writeState(readState().filter, search.value)
  draw()
})
search.addEventListener('compositionend', () => {
  writeState(readState().filter, search.value)
  draw()
})

document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.target.closest('input, textarea')) return
  search.focus()
  event.preventDefault()
})

more.addEventListener('click', drawMore)
new IntersectionObserver((entries) => entries.some((each) => each.isIntersecting) && drawMore()).observe(more)
addEventListener('hashchange', draw)
document.documentElement.classList.add('js')
draw()
