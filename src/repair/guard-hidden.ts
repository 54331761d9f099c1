import type { GuardFinding } from '../domain/repair.ts'
import { blocking } from './guard-input.ts'
import type { GuardInput } from './guard-input.ts'

/** Controls but tab, line feed, form feed and the carriage return of a line end; marks of direction; characters without width. */
const unseen =
  /[\u0000-\u0008\u000b\u000e-\u001f\u007f-\u009f\u2028\u2029\p{Default_Ignorable_Code_Point}\p{Cs}\ufff9-\ufffb]|\r(?!\n)/gu
const afterEmoji = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\u20e3\ufe0f0-9#*]$/u
const joining =
  /[\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Mongolian}]$/u

/** Findings about characters that are not seen. Joiners and variants within emoji and in scripts that need them are fine. */
export function hiddenFindings({ files }: GuardInput): GuardFinding[] {
  return files.flatMap(({ path, before, after }) => {
    const was = counted(before ?? '')
    const grown = [...counted(after)]
      .filter(([sign, count]) => count > (was.get(sign) ?? 0))
      .map(([sign]) => nameOf(sign))
    return grown.length === 0
      ? []
      : [
          blocking(
            'hidden_text',
            path,
            `adds characters that are not seen: ${grown.slice(0, 5).join(', ')}. Write them as escapes.`,
          ),
        ]
  })
}

const nameOf = (sign: string): string => `U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`

function counted(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { 0: sign, index } of text.matchAll(unseen)) {
    if ((index === 0 && sign === '\ufeff') || isJoined(sign, text.slice(Math.max(0, index - 2), index))) continue
    counts.set(sign, (counts.get(sign) ?? 0) + 1)
  }
  return counts
}

function isJoined(sign: string, before: string): boolean {
  if (sign === '\u200d' || sign === '\ufe0e' || sign === '\ufe0f')
    return afterEmoji.test(before) || (sign === '\u200d' && joining.test(before))
  return sign === '\u200c' && joining.test(before)
}
