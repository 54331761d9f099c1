import { appendFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writeAtomic } from '../lib/files.ts'
import { now } from '../lib/clock.ts'
import type { Redactor } from '../lib/redact.ts'

/** What a repair leaves in its folder. */
export interface RepairFiles {
  /** Keeps a text under a name with folders, without its secrets. */
  readonly save: (name: string, text: string) => Promise<void>
  /** Adds a line to `operations.log`: every remote call, every git command, every step. Never throws. */
  readonly log: (line: string) => void
  /** Waits until the log is written. */
  readonly close: () => Promise<void>
}

/** Files of a run that is repaired; every text goes through the redactor. */
export function openRepairFiles(folder: string, redactor: Redactor): RepairFiles {
  let lines: string[] = []
  let writing = Promise.resolve()
  const write = async (): Promise<void> => {
    const text = lines.join('')
    lines = []
    if (text !== '') await appendFile(join(folder, 'operations.log'), text).catch(() => {})
  }
  return {
    save: async (name, text) => {
      const path = join(folder, ...name.split('/').map(safeName))
      await mkdir(dirname(path), { recursive: true })
      await writeAtomic(path, redactor.text(text))
    },
    log: (line) => {
      if (lines.length === 0) writing = writing.then(write)
      lines.push(`${new Date(now()).toISOString()} ${redactor.text(line).replaceAll(/[\r\n]+/gu, ' ')}\n`)
    },
    close: () => writing,
  }
}

/** Names of jobs are chosen by whoever writes the pipeline. */
function safeName(name: string): string {
  const plain = name.replaceAll(/[^\p{L}\p{N} ._-]/gu, '_').slice(0, 120)
  return /^\.*$/u.test(plain) ? `_${plain.length}` : plain
}
