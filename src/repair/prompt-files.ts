import { capMiddle } from '../lib/plain-text.ts'
import { fence } from './prompt-fence.ts'
import type { PromptFile } from './source-files.ts'

const reasons: Readonly<Record<PromptFile['reason'], string>> = {
  mentioned: 'named by the output',
  imported: 'imported by a file that is named',
  changed: 'changed by the merge request',
  test: 'a test: to be read, not to be changed',
}

/** A file of which less than this would be shown is left out. */
const leastShown = 500
/** For the fence, the title and the mark of what is left out. */
const overhead = 600

/** Files between boundaries within `room` characters, best first; what had no room is named. */
export function filesText(files: readonly PromptFile[], room: number, boundary: string): string {
  const shown: string[] = []
  let left = room
  let leftOut = 0
  for (const file of files) {
    const most = left - overhead
    if (most < leastShown) {
      leftOut++
      continue
    }
    const isCut = file.cut || file.content.length > most
    const title = `${file.path}, ${reasons[file.reason]}${isCut ? ', shown in part' : ''}`
    const text = fence({ title, text: file.content, cap: (whole) => capMiddle(whole, most) }, boundary)
    shown.push(text)
    left -= text.length + 2
  }
  if (leftOut > 0) shown.push(`${leftOut} more files had no room.`)
  return shown.length === 0 ? 'None.' : shown.join('\n\n')
}
