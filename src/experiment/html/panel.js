import { countCell } from './data.js'
import { detailsOf, openSource } from './chunks.js'
import { diffSide, diffTexts } from './diff.js'
import { cellText, formatMs, signs, standingOf, valueText } from './format.js'
import { answer, renderTrial, shown } from './trial.js'
import { escapeHtml, say } from './words.js'

// The panel at the side: every trial of one case under one variant, or two variants side by side.

/** Makes the panel; `onMove` asks for the case before (-1) or behind (1), `onClose` says that it was closed. */
export function createPanel({ onMove, onClose, onVariant }) {
  const dialog = document.createElement('dialog')
  dialog.className = 'panel'
  dialog.setAttribute('aria-labelledby', 'panel-title')
  document.body.append(dialog)
  let now = null
  let turn = 0

  /** A later wish makes an earlier one void. */
  const draw = async () => {
    const own = ++turn
    const { index, row, variant } = now
    dialog.innerHTML = frame(now)
    if (!dialog.open) dialog.showModal()
    dialog.scrollTop = 0
    const body = dialog.querySelector('.panel-body')
    const html = now.other === -1 ? await trialsHtml(index, row, variant) : await comparedHtml(now)
    if (own === turn) body.innerHTML = html
  }

  dialog.addEventListener('close', () => {
    turn++
    onClose()
  })
  dialog.addEventListener('click', ({ target }) => {
    if (target === dialog) return dialog.close()
    const button = target.closest('button')
    if (button === null) return
    if (button.dataset.act === 'close') dialog.close()
    if (button.dataset.move) onMove(Number(button.dataset.move))
    if (button.dataset.variant) onVariant(Number(button.dataset.variant))
    if (button.dataset.act === 'link') copyLink(button)
  })
  dialog.addEventListener('change', async ({ target }) => {
    if (target.id === 'compare') {
      now = { ...now, other: Number(target.value) }
      await draw()
      dialog.querySelector('#compare').focus()
    }
    if (target.type !== 'file' || target.files.length === 0) return
    const fits = await openSource(target.files[0], now.index.data, Number(target.dataset.at))
    if (fits) await draw()
    else
      target.closest('.outside').querySelector('.wrong').textContent = say('wrong_file', { run: now.index.data.runId })
  })
  return {
    open: (place) => {
      const keeps = now !== null && dialog.open && now.other !== place.variant ? now.other : -1
      const held = dialog.open ? document.activeElement?.dataset : undefined
      now = { ...place, other: keeps }
      const done = draw()
      const again = held?.move
        ? `[data-move="${held.move}"]`
        : held?.variant
          ? `[data-variant="${held.variant}"]`
          : '.panel-close'
      dialog.querySelector(again)?.focus()
      return done
    },
    close: () => dialog.open && dialog.close(),
    isOpen: () => dialog.open,
  }
}

async function copyLink(button) {
  try {
    await navigator.clipboard.writeText(location.href)
    document.getElementById('status').textContent = say('copied')
    button.textContent = say('copied')
  } catch {
    button.textContent = location.hash
  }
}

function frame({ index, row, variant, other }) {
  const { data } = index
  const values = data.parameters
    .map(({ name }, at) => [name, valueText(data, at, row)])
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `<code class="value">${shown(name)} = ${shown(value)}</code>`)
  const tabs = index.variants.map((each) => {
    const counts = countCell(index, row, each)
    const standing = standingOf(counts)
    return `<button type="button" data-variant="${each}" aria-pressed="${each === variant}"><span class="is-${standing}" aria-hidden="true">${signs[standing]}</span> ${shown(data.variants[each])} <span class="soft">${escapeHtml(cellText(index, counts, 'passes'))}</span></button>`
  })
  const others = index.variants
    .filter((each) => each !== variant)
    .map((each) => `<option value="${each}"${each === other ? ' selected' : ''}>${shown(data.variants[each])}</option>`)
  const compare = `<label class="pick"><span>${say('compare_with')}</span><select id="compare"><option value="-1">${say('nothing')}</option>${others.join('')}</select></label>`
  const small = `${data.datasets[data.cases.dataset[row]]} · ${data.cases.id[row]}`
  return `<div class="panel-head"><div class="panel-line"><h2 id="panel-title" dir="auto">${shown(data.cases.name[row])}</h2>
<div class="panel-buttons"><button type="button" data-move="-1" aria-label="${say('previous')}" title="${say('previous')} (k)">↑</button><button type="button" data-move="1" aria-label="${say('next')}" title="${say('next')} (j)">↓</button><button type="button" data-act="close" class="panel-close" aria-label="${say('close')}">✕</button></div></div>
<p class="panel-small"><span class="mono">${shown(small)}</span> ${values.join(' ')}</p>
<div class="panel-line tools"><div class="filters" role="group" aria-label="${say('variant')}">${tabs.join('')}</div>${others.length === 0 ? '' : compare}<button type="button" data-act="link">${say('copy_link')}</button></div></div>
<div class="panel-body"><p class="quiet">${say('wait')}</p></div>`
}

async function trialsHtml(index, row, variant) {
  const trials = index.trials(row, variant)
  if (trials.length === 0) return `<p class="quiet">${say('no_trial')}</p>`
  const { data } = index
  const failed = trials.findIndex((at) => data.outcomes[data.results.outcome[at]] === 'failed')
  const parts = await Promise.all(
    trials.map(async (at, number) => {
      const details = await detailsOf(data, at)
      const html = details === null ? outside(at) : renderTrial(details, at + 1)
      const open = number === Math.max(0, failed) ? ' open' : ''
      return `<details class="trial"${open}><summary>${trialHead(data, at)}</summary><div class="trial-body">${html}</div></details>`
    }),
  )
  return parts.join('')
}

function trialHead(data, at) {
  const { results } = data
  const outcome = data.outcomes[results.outcome[at]]
  const figures = [
    results.latency[at] === null ? '' : formatMs(results.latency[at]),
    results.tokens[at] > 0 ? `${results.tokens[at]} ${say('tokens')}` : '',
    data.statuses[results.status[at]] === 'succeeded' ? '' : data.statuses[results.status[at]].replaceAll('_', ' '),
  ].filter(Boolean)
  return `<span class="sign is-${outcome}" aria-hidden="true">${signs[outcome]}</span> <b>${escapeHtml(say('repeat', { n: results.repeat[at] }))}</b> <span class="is-${outcome}">${escapeHtml(say(outcome))}</span> <span class="soft">${escapeHtml(figures.join(' · '))}</span>`
}

function outside(at) {
  return `<div class="outside"><p>${escapeHtml(say('outside', { line: at + 1 }))}</p><label class="pick"><span>${say('choose_file')}</span><input type="file" accept=".jsonl" data-at="${at}"></label><p class="wrong bad" role="status"></p></div>`
}

async function comparedHtml({ index, row, variant, other }) {
  const { data } = index
  const [mine, theirs] = [index.trials(row, variant), index.trials(row, other)]
  const parts = []
  for (let at = 0; at < Math.max(mine.length, theirs.length); at++) {
    parts.push(await pairHtml(data, [mine[at], theirs[at]], [variant, other]))
  }
  return parts.join('') || `<p class="quiet">${say('no_trial')}</p>`
}

async function pairHtml(data, trials, variants) {
  const details = await Promise.all(trials.map((at) => (at === undefined ? undefined : detailsOf(data, at))))
  const texts = details.map((each) => (each ? spokenText(each) : undefined))
  const both = texts.every((text) => text !== undefined)
  const same = both && texts[0] === texts[1]
  const pieces = both && !same ? diffTexts(texts[0], texts[1]) : null
  const sides = trials.map((at, side) => {
    const head = at === undefined ? say('no_trial') : trialHead(data, at)
    const title = `<h3>${shown(data.variants[variants[side]])}</h3><p class="side-head">${head}</p>`
    if (at === undefined) return `<div>${title}</div>`
    if (details[side] === null) return `<div>${title}${outside(at)}</div>`
    if (pieces === null) return `<div>${title}${answer(texts[side])}</div>`
    const text = diffSide(pieces, side === 0 ? 'left' : 'right')
    return `<div>${title}<pre class="answer" tabindex="0" dir="auto" aria-label="${say('answer')}">${text}</pre></div>`
  })
  return `<section class="two">${sides.join('')}</section>${same ? `<p class="quiet">${say('answer_same')}</p>` : ''}`
}

/** What is compared: the conversation, the text, or the outputs. */
function spokenText({ turns, text, outputs }) {
  const plain =
    turns?.length > 0 ? turns.map((turn) => turn.text).join('\n\n') : text || JSON.stringify(outputs, null, 2) || ''
  return plain.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '')
}
