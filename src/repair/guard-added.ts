import type { GuardFinding } from '../domain/repair.ts'
import type { PatchedFile } from './apply.ts'
import { behaviourMarkers } from './guard-behaviour.ts'
import { detectionMarkers } from './guard-detection.ts'
import { exitMarkers } from './guard-exits.ts'
import { tamperMarkers } from './guard-tamper.ts'
import { blocking, warning } from './guard-input.ts'
import type { GuardInput } from './guard-input.ts'
import { languageOf } from './guard-language.ts'
import type { Language } from './guard-language.ts'
import { plainMarkers } from './guard-markers.ts'
import type { Marker } from './guard-markers.ts'
import { bare, plain } from './guard-plain.ts'
import { isTestPath } from './guard-protected.ts'
import { changedText } from './patch-lines.ts'

const markers: readonly Marker[] = [
  ...plainMarkers,
  ...exitMarkers,
  ...detectionMarkers,
  ...tamperMarkers,
  ...behaviourMarkers,
]

/** Findings about text that a patch adds. What a file held before may stay, move within it, or go. */
export function addedFindings({ files, findSecrets }: GuardInput): GuardFinding[] {
  return files.flatMap((file) => [...markerFindings(file), ...secretFindings(file, findSecrets)])
}

function markerFindings(file: PatchedFile): GuardFinding[] {
  const { path } = file
  const language = languageOf(path, file.after)
  const test = isTestPath(path)
  const before = textsOf(file.before ?? '', language)
  const after = textsOf(file.after, language)
  return markers
    .filter(
      (marker) => !(test && marker.notInTests === true) && (marker.in?.includes(language) ?? language !== 'prose'),
    )
    .flatMap((marker): readonly GuardFinding[] => {
      if (!after.some((text, index) => counted(text, marker) > counted(before[index] ?? '', marker)))
        return movedFindings(file, marker)
      const text = `adds ${marker.name}${lineOf(file, marker.pattern)}.`
      return [
        marker.warns === true
          ? warning(marker.code, path, text)
          : blocking(marker.code, path, `${text} Repair what is wrong instead.`),
      ]
    })
}

/** What ends a process may stand rightly in one place and hide a failure in another. */
function movedFindings(file: PatchedFile, marker: Marker): readonly GuardFinding[] {
  const line = exitMarkers.includes(marker) ? lineOf(file, marker.pattern) : ''
  return line === '' ? [] : [warning(marker.code, file.path, `moves ${marker.name}${line}.`)]
}

/** A text with its comments, which may silence checks, and without, where they hide what is called. */
function textsOf(text: string, language: Language): readonly string[] {
  const whole = plain(text)
  return [whole, bare(whole, language)]
}

function counted(text: string, { pattern, needs }: Marker): number {
  return needs === undefined || needs.test(text) ? count(text, pattern) : 0
}

function count(text: string, pattern: RegExp): number {
  let found = 0
  for (const _ of text.matchAll(pattern)) found++
  return found
}

function lineOf(file: PatchedFile, pattern: RegExp): string {
  const line = changedText(file).added.find((one) => plain(one).search(pattern) >= 0)
  if (line === undefined) return ''
  const text = line.trim().replaceAll(/[\p{Cc}\p{Cf}\p{Cs}`]/gu, '?')
  return `: \`${text.length > 160 ? `${text.slice(0, 159)}…` : text}\``
}

function secretFindings(file: PatchedFile, findSecrets: (text: string) => boolean): GuardFinding[] {
  const known = new Set((file.before ?? '').split('\n').map((line) => line.trim()))
  const added = changedText(file).added.filter((line) => !known.has(line.trim()))
  return added.length > 0 && findSecrets(added.join('\n'))
    ? [blocking('secret', file.path, 'adds what looks like a secret. Secrets never go into the code.')]
    : []
}
