// Draws tests as HTML. The writer uses it for the failures that are there without JavaScript, the page for all others.

const words = {
  passed: 'passed',
  failed: 'failed',
  errored: 'errored',
  skipped: 'skipped',
  timed_out: 'timed out',
  crashed: 'crashed',
  cancelled: 'cancelled',
  flaky: 'flaky',
  not_run: 'not run',
}

const signs = { passed: '✓', failed: '✕', flaky: '≈', skipped: '–', not_run: '○' }

export function escapeHtml(text) {
  return String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

export function formatMs(ms) {
  if (ms < 1) return '<1 ms'
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
  const seconds = Math.round(ms / 1000)
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

export function renderTest(test, index, { body, open }) {
  const state = test.standing === 'failed' ? words[test.outcome] : words[test.standing]
  const tries = test.attempts.length > 1 ? ` · ${test.attempts.length} attempts` : ''
  const path = test.suite.map((part) => `<span class="suite">${escapeHtml(part)} › </span>`).join('')
  return `<li><details class="test ${test.standing}" data-index="${index}"${open ? ' open' : ''}>
<summary><span class="sign" aria-hidden="true">${signs[test.standing]}</span>
<span class="name">${path}${escapeHtml(test.name)}</span>
<span class="state">${state}${tries}</span>
<span class="place">${escapeHtml(test.place)}</span>
<span class="ms">${test.standing === 'not_run' ? '' : escapeHtml(formatMs(test.ms))}</span></summary>
<div class="body">${body ? renderBody(test, index) : ''}</div></details></li>`
}

export function renderBody(test, index) {
  const facts = [
    test.caseId && ['case', escapeHtml(test.caseId)],
    test.tags && ['tags', escapeHtml(test.tags.join(', '))],
    test.skipReason && ['skipped because', escapeHtml(test.skipReason)],
    ['id', `<code>${escapeHtml(test.id)}</code>`],
  ].filter(Boolean)
  const list = facts.map(([key, value]) => `<div><dt>${key}</dt><dd>${value}</dd></div>`).join('')
  const none = test.attempts.length === 0 ? '<p>No attempt at this test was finished.</p>' : ''
  return `${none}${renderAttempts(test, index)}<dl class="facts">${list}</dl>${renderActions(test)}`
}

function renderAttempts(test, index) {
  const many = test.attempts.length > 1
  const chosen = Math.max(
    0,
    test.attempts.findIndex((each) => each.type !== undefined),
  )
  const tabs = test.attempts.map(
    (each, at) =>
      `<button type="button" role="tab" id="tab-${index}-${at}" aria-controls="panel-${index}-${at}" aria-selected="${at === chosen}" tabindex="${at === chosen ? 0 : -1}">Attempt ${each.number} <span class="word">${words[each.outcome]}</span></button>`,
  )
  const panels = test.attempts.map((each, at) => {
    const role = many ? ` role="tabpanel" aria-labelledby="tab-${index}-${at}"` : ''
    const title = many ? `<p class="attempt-title">Attempt ${each.number}: ${words[each.outcome]}</p>` : ''
    return `<div class="attempt${at === chosen ? ' chosen' : ''}"${role} id="panel-${index}-${at}">${title}${renderAttempt(each)}</div>`
  })
  const bar = many ? `<div class="tabs" role="tablist" aria-label="Attempts">${tabs.join('')}</div>` : ''
  return `<div class="attempts">${bar}${panels.join('')}</div>`
}

function renderAttempt(attempt) {
  const place = attempt.place ? ` <span class="at">${escapeHtml(attempt.place)}</span>` : ''
  const phase =
    attempt.phase && attempt.phase !== 'call' ? ` <span class="at">in ${escapeHtml(attempt.phase)}</span>` : ''
  const parts = []
  if (attempt.type !== undefined) {
    parts.push(`<p class="error-head"><strong>${escapeHtml(attempt.type)}</strong>${phase}${place}</p>`)
    if (attempt.message)
      parts.push(`<pre class="message" tabindex="0" aria-label="Message">${escapeHtml(attempt.message)}</pre>`)
  }
  if (attempt.expected !== undefined && attempt.actual !== undefined) parts.push(renderDiff(attempt))
  if (attempt.trace) parts.push(renderText('Trace', markTrace(attempt.trace)))
  if (attempt.stdout) parts.push(renderText('Standard output', escapeHtml(attempt.stdout)))
  if (attempt.stderr) parts.push(renderText('Standard error', escapeHtml(attempt.stderr)))
  if (parts.length === 0)
    parts.push(`<p class="quiet">${words[attempt.outcome]} in ${escapeHtml(formatMs(attempt.ms))}, nothing printed</p>`)
  return parts.join('')
}

function renderText(label, html) {
  return `<p class="label">${label}</p><pre tabindex="0" aria-label="${label}">${html}</pre>`
}

/** Lines with which pytest points: `>` at the code, `E` at the error. */
function markTrace(trace) {
  return trace
    .split('\n')
    .map((line) => {
      const kind = /^E\s/.test(line) ? 'err' : /^>\s/.test(line) ? 'hit' : ''
      return kind ? `<span class="${kind}">${escapeHtml(line)}</span>` : escapeHtml(line)
    })
    .join('\n')
}

function renderDiff({ expected, actual }) {
  const [wanted, got] = [Array.from(expected), Array.from(actual)]
  const most = Math.min(wanted.length, got.length)
  let start = 0
  while (start < most && wanted[start] === got[start]) start += 1
  let end = 0
  while (end < most - start && wanted.at(-1 - end) === got.at(-1 - end)) end += 1
  const side = (signs, tag) => {
    const part = (from, to) => escapeHtml(signs.slice(from, to).join(''))
    return `${part(0, start)}<${tag}>${part(start, signs.length - end)}</${tag}>${part(signs.length - end)}`
  }
  return `<div class="diff"><div><p class="label">Expected</p><pre tabindex="0" aria-label="Expected">${side(wanted, 'ins')}</pre></div>
<div><p class="label">Actual</p><pre tabindex="0" aria-label="Actual">${side(got, 'del')}</pre></div></div>`
}

function renderActions(test) {
  if (!test.rerun) return ''
  const ask = test.attempts.some((each) => each.type !== undefined)
    ? '<button type="button" data-copy="model">Copy for a model</button>'
    : ''
  return `<div class="actions"><p class="label">Run again</p><div class="command"><code>${escapeHtml(test.rerun)}</code>
<button type="button" data-copy="rerun">Copy command</button>${ask}</div></div>`
}

export function modelText(test) {
  const attempt = test.attempts.find((each) => each.type !== undefined)
  const outcomes = test.attempts.map((each) => each.outcome).join(', ')
  const head = [
    `Test: ${test.id}`,
    test.caseId && `Case: ${test.caseId}`,
    `Place: ${test.place}`,
    `Attempts: ${outcomes}`,
  ]
  const body = attempt && [
    `${attempt.type}: ${attempt.message ?? ''}`,
    attempt.expected === undefined ? '' : `Expected: ${attempt.expected}\nActual: ${attempt.actual ?? ''}`,
    attempt.trace ?? '',
    attempt.stdout ? `Standard output:\n${attempt.stdout}` : '',
    attempt.stderr ? `Standard error:\n${attempt.stderr}` : '',
  ]
  const parts = [head.filter(Boolean).join('\n'), ...(body || []), test.rerun ? `Run again: ${test.rerun}` : '']
  return `${parts.filter(Boolean).join('\n\n')}\n`
}
