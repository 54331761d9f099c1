import { anchorWeight } from './trace-anchors.ts'
import { maskLine } from './trace-lines.ts'

/** A line that tells of a failure. */
export interface Anchor {
  readonly at: number
  readonly template: string
  readonly weight: number
  readonly score: number
}

interface Template {
  readonly weight: number
  readonly places: number[]
  count: number
}

/** Lines in groups that differ in numbers only, and those that matter. */
export interface Ranking {
  /** Best first. */
  readonly anchors: readonly Anchor[]
  /** Template of each line. */
  readonly templates: readonly string[]
  readonly countOf: (template: string) => number
}

/** Different lines that are told apart; beyond them a trace is noise, and what is new is looked at all the same. */
const maxTemplates = 200_000
/** Lines whose template is remembered, since many come again as they are. */
const maxRemembered = 20_000
/** Places of one template that can be anchors. */
const maxPlaces = 4

/** Masked lines of a trace that succeeded. */
export function templatesOf(lines: readonly string[]): ReadonlySet<string> {
  const templates = new Set<string>()
  for (const line of lines) if (templates.size < maxTemplates) templates.add(maskLine(line))
  return templates
}

/**
 * Orders the lines that tell of a failure by their weight, less for what is there often, a little more for what comes late.
 * Lines whose template is in `known` were there when the job succeeded, and are no sign of anything.
 */
export function rankLines(lines: readonly string[], known: ReadonlySet<string>): Ranking {
  const groups = new Map<string, Template>()
  const masks = new Map<string, string>()
  const mask = (line: string): string => {
    const known = masks.get(line)
    if (known !== undefined) return known
    const template = maskLine(line)
    if (masks.size < maxRemembered) masks.set(line, template)
    return template
  }
  const templates = lines.map((line, at) => {
    const template = mask(line)
    const group = groups.get(template)
    if (group !== undefined) {
      group.count++
      if (group.places.length < maxPlaces) group.places.push(at)
      else group.places[maxPlaces - 1] = at
    } else if (groups.size < maxTemplates) {
      groups.set(template, { weight: known.has(template) ? 0 : anchorWeight(line), places: [at], count: 1 })
    }
    return template
  })
  const anchors: Anchor[] = []
  for (const [template, { weight, places, count }] of groups) {
    if (weight === 0) continue
    const base = weight / Math.sqrt(count)
    for (const at of places) anchors.push({ at, template, weight, score: base * (1 + (0.1 * at) / lines.length) })
  }
  anchors.sort((a, b) => b.score - a.score || a.at - b.at)
  return { anchors, templates, countOf: (template) => groups.get(template)?.count ?? 1 }
}
