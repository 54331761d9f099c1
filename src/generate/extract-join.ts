import { isUsable } from './candidates.ts'
import type { Judge, Judged, Usable } from './candidates.ts'

/** What several blocks of an answer come to: the chosen one, perhaps with others joined to it. */
export interface Joined {
  readonly chosen: Usable
  readonly notes: readonly string[]
}

const words = (code: string): Set<string> => new Set(code.match(/[A-Za-z_$][\w$]*/g))

const boundBy = (block: Judged): readonly string[] =>
  block.outline.fault === undefined ? [...block.outline.imported, ...block.outline.defined] : []

const named = (block: Usable): string[] => block.outline.tests.map((test) => test.name)

/** Names that code assigns, loops over or declares somewhere; parameters are left out, since fixtures come as such. */
const localNames = (code: string): string[] =>
  [
    ...code.matchAll(
      /\b(?:for|as|const|let|var|def|class|function)\s+([A-Za-z_$][\w$]*)|([A-Za-z_$][\w$]*)\s*=(?![=>])/g,
    ),
  ].map(([, declared, assigned]) => declared ?? assigned ?? '')

/** Whether `needing` uses a name that it does not bind itself and that `giving` binds. */
function leansOn(needing: Judged, giving: Judged): boolean {
  const own = new Set([...boundBy(needing), ...localNames(needing.code)])
  const used = words(needing.code)
  return boundBy(giving).some((name) => name !== '' && used.has(name) && !own.has(name))
}

/** Whether a block imports what `giving` imports and no more, and defines nothing of the same name: it goes on, so to speak. */
function standsBeside(block: Judged, giving: Judged): boolean {
  const [own, given] = [importLines(block.code), importLines(giving.code)]
  const [defined, taken] = [block, giving].map(({ outline }) => (outline.fault === undefined ? outline.defined : []))
  return (
    own.length > 0 &&
    own.every((line) => given.includes(line)) &&
    defined?.every((name) => !taken?.includes(name)) === true
  )
}

const blockNumber = (block: Judged): string => `lines ${block.startLine}-${block.endLine}`

/**
 * Takes a first choice among the blocks of an answer and improves it where the other blocks plainly belong to it: a later
 * block that repeats all its tests replaces it, blocks whose imports and fixtures it uses go before it, and later blocks
 * of other tests that cannot stand alone, or that import the same and no more, go behind it. `blocks` are in the order of the answer.
 */
export function joinBlocks(first: Usable, blocks: readonly Judged[], judge: Judge): Joined {
  const fit = blocks.filter((one) => one.outline.fault === undefined && !one.redefines && !one.foreign)
  const { chosen, notes } = superseded(first, fit)
  const givers: Judged[] = []
  // From the nearest block outwards, so that what a giver leans on is found as well.
  for (const block of fit.toReversed()) {
    const givesTests = isUsable(block) && named(block).some((name) => named(chosen).includes(name))
    if (block.startLine === chosen.startLine || givesTests || isUsable(block)) continue
    if ([chosen, ...givers].some((needing) => leansOn(needing, block))) givers.unshift(block)
  }
  const basis = [...givers, chosen]
  const extras: Usable[] = []
  const left: string[] = []
  for (const block of fit) {
    if (!isUsable(block) || block.startLine <= chosen.startLine) continue
    const known = [chosen, ...extras].flatMap(named)
    const fresh = named(block).every((name) => !known.includes(name))
    const continues =
      fresh && [...basis, ...extras].some((giving) => leansOn(block, giving) || standsBeside(block, giving))
    if (continues) extras.push(block)
    else if (fresh) left.push(blockNumber(block))
  }
  const remarks = left.length === 0 ? [] : [`left out other tests in ${left.join(', ')}`]
  const joined = unite([...basis, ...extras], judge)
  if (joined === undefined) return { chosen, notes: [...notes, ...remarks] }
  return { chosen: joined, notes: [...notes, `joined ${basis.length + extras.length} blocks`, ...remarks] }
}

function superseded(first: Usable, fit: readonly Judged[]): Joined {
  let chosen = first
  const notes: string[] = []
  for (const block of fit) {
    if (!isUsable(block) || block.startLine <= chosen.startLine) continue
    const repeats = named(chosen).every((name) => named(block).includes(name))
    const standsAlone = !leansOn(block, chosen)
    if (!repeats || !standsAlone || block.score < chosen.score - 150) continue
    notes.push(`the block in ${blockNumber(block)} repeats the tests of ${blockNumber(chosen)} and replaces it`)
    chosen = block
  }
  return { chosen, notes }
}

/** Joins blocks into one script; `undefined` where there is one only, or the whole does not parse with all tests. */
function unite(blocks: readonly Judged[], judge: Judge): Usable | undefined {
  const [head, ...tail] = blocks
  if (head === undefined || tail.length === 0) return undefined
  const seen = new Set(importLines(head.code))
  const pieces = [head.code.trimEnd()]
  for (const block of tail) {
    const own = new Set(importLines(block.code))
    pieces.push(
      block.code
        .split('\n')
        .filter((line) => !(own.has(line) && seen.has(line)))
        .join('\n')
        .trim(),
    )
    for (const line of own) seen.add(line)
  }
  const last = blocks.at(-1) ?? head
  const united = judge.judge({
    code: pieces.join('\n\n\n'),
    method: 'joined_fences',
    startLine: Math.min(...blocks.map((block) => block.startLine)),
    endLine: Math.max(...blocks.map((block) => block.endLine), last.endLine),
    order: head.order,
    notes: [],
  })
  const wanted = blocks.reduce((sum, block) => sum + (isUsable(block) ? block.outline.tests.length : 0), 0)
  return isUsable(united) && united.outline.tests.length >= wanted ? united : undefined
}

/** Imports that stand whole in one line at the margin. */
const importLines = (code: string): string[] =>
  code.split('\n').filter((line) => /^(?:import\s.*['"\w];?|from\s+\S+\s+import\s+[^(\\]+)$/.test(line.trimEnd()))
