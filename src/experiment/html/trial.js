import { formatCost, formatCount, formatMs, signs } from './format.js'
import { escapeHtml, say } from './words.js'

// One trial as HTML.

/** Text of others: markup escaped, signs that turn the direction of reading spelled out. */
export function shown(text) {
  const plain = String(text)
    .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
    .replaceAll(/[\u202a-\u202e\u2066-\u2069]/g, (sign) => `<U+${sign.charCodeAt(0).toString(16).toUpperCase()}>`)
  return escapeHtml(plain)
}

/** A labelled text; an object is written as JSON. */
export function textBlock(label, value, kind = '') {
  if (value === undefined || value === null || value === '' || isEmpty(value)) return ''
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
  return `<p class="label">${escapeHtml(label)}</p><pre tabindex="0" dir="auto" class="${kind}" aria-label="${escapeHtml(label)}">${shown(text)}</pre>`
}

const isEmpty = (value) => typeof value === 'object' && Object.keys(value).length === 0

/** A text that is folded away until somebody wants it. */
function folded(label, html) {
  return html === '' ? '' : `<details class="fold"><summary>${escapeHtml(label)}</summary>${html}</details>`
}

function facts(entries) {
  const told = entries.filter(([, value]) => value !== undefined && value !== null && value !== '')
  if (told.length === 0) return ''
  return `<dl class="facts">${told.map(([key, value]) => `<div><dt>${escapeHtml(key)}</dt><dd>${shown(value)}</dd></div>`).join('')}</dl>`
}

const time = (ms) => (ms === undefined || ms === null ? undefined : formatMs(ms))

/** Everything that is known of a trial; `line` is its line in results.jsonl. */
export function renderTrial(result, line) {
  const { timing = {}, usage = {}, cost } = result
  const note = result.cut || isCut(result) ? `<p class="quiet">${escapeHtml(say('shortened', { line }))}</p>` : ''
  const tokens = usage.total_tokens ?? result.tokens
  const split = usage.input_tokens === undefined ? '' : ` (${usage.input_tokens} + ${usage.output_tokens ?? 0})`
  return [
    errorBlock(result.error),
    checksBlock(result.scores ?? []),
    result.turns?.length > 0 ? turnsBlock(result.turns) : textBlock(say('query'), result.query) + answer(result.text),
    sameAsText(result) ? '' : folded(say('outputs'), textBlock(say('outputs'), result.outputs)),
    folded(say('inputs'), textBlock(say('inputs'), result.inputs)),
    nodesBlock(result.nodes ?? []),
    facts([
      [say('latency'), time(result.latency_ms ?? timing.total_ms)],
      [say('first_piece'), time(timing.ttft_ms)],
      [say('server_time'), time(timing.server_ms)],
      [say('queued'), timing.queued_ms > 0 ? time(timing.queued_ms + (timing.rate_ms ?? 0)) : undefined],
      [say('tokens_title'), tokens > 0 ? `${formatCount(tokens)}${split}` : undefined],
      [say('cost'), cost && formatCost(Number(cost.amount), cost.currency)],
      [say('score'), result.score?.toFixed(3)],
      [say('judging'), result.evaluation && `${formatCount(result.evaluation.tokens)} ${say('tokens')}`],
      [say('model'), result.model],
      ['id', result.id],
      ...Object.entries(result.blobs ?? {}).map(([name, { sha256, bytes }]) => [
        say('blob', { name, bytes: formatCount(bytes) }),
        sha256,
      ]),
      ...Object.entries(result.ids ?? {}).map(([name, value]) => [name.replaceAll('_', ' '), value]),
    ]),
    attemptsBlock(result.attempts ?? []),
    folded(say('metadata'), textBlock(say('metadata'), result.metadata)),
    note,
  ].join('')
}

export function answer(text) {
  return textBlock(say('answer'), text, 'answer') || `<p class="quiet">${say('answer')}: ${say('no_text')}</p>`
}

function isCut({ text = '', outputs }) {
  return /\[\d+ more characters\]$/.test(text) || /\[\d+ more characters\]"/.test(JSON.stringify(outputs ?? ''))
}

/** Most workflows give back their text as the only output. */
function sameAsText({ text, outputs }) {
  if (outputs === text) return true
  const values = typeof outputs === 'object' && outputs !== null ? Object.values(outputs) : []
  return values.length === 1 && values[0] === text
}

function errorBlock(error) {
  if (!error) return ''
  const code = error.code ? ` <code>${shown(error.code)}</code>` : ''
  return `<p class="label bad">${say('error')}${code}</p><pre tabindex="0" class="error" aria-label="${say('error')}">${shown(error.message)}</pre>`
}

function checksBlock(scores) {
  if (scores.length === 0) return `<p class="quiet">${say('no_checks')}</p>`
  const rows = scores.map((score) => {
    const kind = score.error ? 'missing' : score.passed === false ? 'failed' : score.passed ? 'passed' : 'unchecked'
    const value = score.score === undefined ? '' : ` ${Number(score.score.toFixed(3))}`
    const turn = score.turn === undefined ? '' : ` · ${say('turn', { n: score.turn })}`
    const reason = score.error ? `${say('check_broken')}: ${score.error}` : (score.reason ?? '')
    return `<li class="check is-${kind}"><span class="sign" aria-hidden="true">${signs[kind]}</span><span class="check-name">${shown(score.name)} <span class="small-in">${shown(score.type)}${escapeHtml(turn)}</span></span><span class="check-score">${escapeHtml(say(kind))}${value}</span>${reason === '' ? '' : `<span class="reason" dir="auto">${shown(reason)}</span>`}</li>`
  })
  return `<p class="label">${say('checks')}</p><ul class="checks">${rows.join('')}</ul>`
}

function turnsBlock(turns) {
  const told = turns.map((turn, at) => {
    const figures = [
      time(turn.timing?.total_ms),
      turn.usage && `${formatCount(turn.usage.total_tokens)} ${say('tokens')}`,
    ]
    const head = [say('turn', { n: at + 1 }), ...figures.filter(Boolean)].join(' · ')
    return `<li><p class="label">${escapeHtml(head)}</p><p class="said" dir="auto">${shown(turn.query)}</p><p class="said reply" dir="auto">${shown(turn.text)}</p>${nodesBlock(turn.nodes ?? [])}</li>`
  })
  return `<p class="label vh">${say('turns')}</p><ol class="turns">${told.join('')}</ol>`
}

function nodesBlock(nodes) {
  if (nodes.length === 0) return ''
  const rows = nodes.map((node) => {
    const round = node.round === undefined ? '' : ` #${node.round}`
    const bad = /fail|error|exception/i.test(node.status) ? ' class="bad"' : ''
    const more = [
      textBlock(say('error'), node.error, 'error'),
      textBlock(say('inputs'), node.inputs),
      textBlock(say('outputs'), node.outputs),
    ].join('')
    const name = `${shown(node.title || node.id)}${round} <span class="small-in">${shown(node.type)}</span>`
    const inner =
      more === '' ? `<span class="node-name">${name}</span>` : `<details><summary>${name}</summary>${more}</details>`
    const figures = [node.tokens ? `${formatCount(node.tokens)} ${say('tokens')}` : '', time(node.elapsed_ms) ?? '']
    return `<li>${inner}<span class="node-figures"><span${bad}>${shown(node.status)}</span> ${figures.filter(Boolean).join(' · ')}</span></li>`
  })
  return folded(`${say('nodes')} (${nodes.length})`, `<ol class="nodes">${rows.join('')}</ol>`)
}

function attemptsBlock(attempts) {
  if (attempts.length < 2 && !attempts[0]?.error) return ''
  const rows = attempts.map((attempt) => {
    const error = attempt.error ? `: ${attempt.error.message}` : ''
    return `<li>${shown(`${attempt.state} · ${formatMs(attempt.service_ms ?? 0)}${error}`)}</li>`
  })
  return folded(`${say('attempts')} (${attempts.length})`, `<ol class="attempts">${rows.join('')}</ol>`)
}
