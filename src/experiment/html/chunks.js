import { unpack } from './data.js'

// Details of trials: from the pieces in this page, or from results.jsonl that the reader opens.

const kept = new Map()
const mostKept = 12
let source = null

function whole() {
  if (document.readyState !== 'loading') return Promise.resolve()
  return new Promise((resolve) => document.addEventListener('DOMContentLoaded', resolve, { once: true }))
}

function chunkOf(number) {
  const known = kept.get(number)
  if (known !== undefined) return known
  const loaded = whole().then(() => unpack(document.getElementById(`chunk-${number}`).textContent))
  kept.set(number, loaded)
  if (kept.size > mostKept) kept.delete(kept.keys().next().value)
  return loaded
}

/** What is known of a trial, or null where the page does not hold it and no file was opened. */
export async function detailsOf(data, at) {
  const { chunk, slot, offset, bytes } = data.results
  if (chunk[at] !== -1) return (await chunkOf(chunk[at]))[slot[at]]
  if (source === null) return null
  return JSON.parse(await source.slice(offset[at], offset[at] + bytes[at]).text())
}

/** Takes a file as results.jsonl if it holds this trial where it should. */
export async function openSource(file, data, at) {
  const { offset, bytes, case: cases } = data.results
  try {
    const line = JSON.parse(await file.slice(offset[at], offset[at] + bytes[at]).text())
    if (line.case_id !== data.cases.id[cases[at]]) return false
  } catch {
    return false
  }
  source = file
  return true
}
