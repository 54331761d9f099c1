import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { capHead } from '../lib/plain-text.ts'
import type { Slot } from './report-columns.ts'
import { safeJson } from './report-clean.ts'
import { type GrowingFile, openGrowing } from './report-file.ts'

/** Gathers the details of trials in pieces that the page unpacks one by one. */
interface ChunkReport {
  readonly file: GrowingFile
  /** Takes one trial as JSON; says where it goes, or -1 where the page has no more room. */
  add(line: string): Slot
  /** Waits until little is left to be packed. */
  drain(): Promise<void>
  /** Packs what is left. */
  close(): Promise<void>
}

/** Limits of the details in a page. */
export interface ChunkLimits {
  /** Characters of packed text in all. */
  readonly budget: number
  /** Trials in one piece. */
  readonly trials: number
  /** Characters of one piece before it is packed. */
  readonly characters: number
  /** Characters of one text. */
  readonly text: number
  /** Characters of one trial. */
  readonly trial: number
}

/** Limits for a page that a browser still opens with ease. */
export const usualLimits: ChunkLimits = {
  budget: 40_000_000,
  trials: 200,
  characters: 1_000_000,
  text: 20_000,
  trial: 200_000,
}

const pack = promisify(gzip)

/** Opens the file that the pieces wait in. Each is a script element that no browser runs. */
export async function openChunks(path: string, limits: ChunkLimits = usualLimits): Promise<ChunkReport> {
  const file = await openGrowing(`${path}.chunks`)
  let lines: string[] = []
  let characters = 0
  let chunk = 0
  let used = 0
  let last: Promise<void> = Promise.resolve()
  const writePacked = async (before: Promise<void>, { name, text }: { name: number; text: string }): Promise<void> => {
    await before
    const packed = (await pack(text)).toString('base64')
    used += packed.length
    file.write(`<script type="text/plain" id="chunk-${name}">${packed}</script>\n`)
    await file.drain()
  }
  const flush = (): void => {
    if (lines.length === 0) return
    const text = `[${lines.join(',')}]`
    const name = chunk++
    lines = []
    characters = 0
    last = writePacked(last, { name, text })
    // Whoever drains hears of a failure; nobody may be left to drain when the report is given up.
    last.catch(() => undefined)
  }
  return {
    file,
    add: (line) => {
      if (used >= limits.budget) return { chunk: -1, slot: -1 }
      const short = shortened(line, limits)
      const place = { chunk, slot: lines.length }
      lines.push(short)
      characters += short.length
      if (lines.length >= limits.trials || characters >= limits.characters) flush()
      return place
    },
    drain: () => last,
    close: async () => {
      flush()
      await last
      await file.close()
    },
  }
}

/** Most trials are short and stay as they are. */
function shortened(line: string, limits: ChunkLimits): string {
  if (line.length <= limits.text) return line
  const result = JSON.parse(line) as Readonly<Record<string, unknown>>
  const capped = safeJson(cutTexts(result, limits.text))
  if (capped.length <= limits.trial) return capped
  // Nodes and turns may hold the same texts many times over.
  const { id, text, query, scores, error, status, timing, ids, attempts, usage, cost } = result
  const most = { id, text, query, scores, error, status, timing, ids, attempts, usage, cost, cut: true }
  const plain = safeJson(cutTexts(most, limits.text))
  return plain.length <= limits.trial ? plain : safeJson(cutTexts({ id, text, status, timing, cut: true }, limits.text))
}

function cutTexts(value: unknown, cap: number): unknown {
  if (typeof value === 'string') {
    return value.length <= cap ? value : `${capHead(value, cap)}\n[${value.length - cap} more characters]`
  }
  if (Array.isArray(value)) return value.map((member) => cutTexts(member, cap))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, cutTexts(member, cap)]))
}
