import type { GuardFinding } from '../domain/repair.ts'
import type { PatchedFile } from './apply.ts'
import { behaviourMarkers } from './guard-behaviour.ts'
import { blocking, warning } from './guard-input.ts'
import type { GuardInput } from './guard-input.ts'
import { languageOf } from './guard-language.ts'
import { plainMarkers } from './guard-markers.ts'
import type { Marker } from './guard-markers.ts'
import { isTestPath } from './guard-protected.ts'
import { changedText } from './patch-lines.ts'

const markers: readonly Marker[] = [...plainMarkers, ...behaviourMarkers]

/** Findings about text that a patch adds. What a file held before may stay, move within it, or go. */
export function addedFindings({ files, findSecrets }: GuardInput): GuardFinding[] {
  return files.flatMap((file) => [...markerFindings(file), ...secretFindings(file, findSecrets)])
}

function markerFindings(file: PatchedFile): GuardFinding[] {
  const { path } = file
  const language = languageOf(path, file.after)
  const test = isTestPath(path)
  const before = plain(file.before ?? '')
  const after = plain(file.after)
  return markers
    .filter(
      (marker) => !(test && marker.notInTests === true) && (marker.in?.includes(language) ?? language !== 'prose'),
    )
    .flatMap((marker): GuardFinding[] => {
      const now = count(after, marker.pattern)
      if (now === 0 || now <= count(before, marker.pattern)) return []
      const text = `adds ${marker.name}${lineOf(file, marker.pattern)}.`
      return [
        marker.warns === true
          ? warning(marker.code, path, text)
          : blocking(marker.code, path, `${text} Repair what is wrong instead.`),
      ]
    })
}

/**
 * Text as the language reads it: Python takes letters of other forms for the same names, JavaScript takes escapes for the letters, and a
 * shell goes on after a backslash at the end of a line.
 */
const plain = (text: string): string =>
  text
    .normalize('NFKC')
    .replaceAll(/\\u(?:\{0{0,4}([0-9a-f]{2})\}|00([0-9a-f]{2}))/gi, (_, long?: string, short?: string) =>
      String.fromCharCode(Number.parseInt(long ?? short ?? '', 16)),
    )
    .replaceAll(/\\\r?\n/g, ' ')

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
