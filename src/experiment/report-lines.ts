import type { TestResult } from '../domain/test-result.ts'
import { snakeKeys } from '../lib/snake-keys.ts'
import { safeJson } from './report-clean.ts'
import { type GrowingFile, openGrowing } from './report-file.ts'

/** Where a line is in `results.jsonl`, in bytes, without its line feed. */
export interface Span {
  readonly offset: number
  readonly bytes: number
}

/** Writes `results.jsonl`: a result in each line, its keys in snake_case. */
interface LineReport {
  readonly file: GrowingFile
  /** Takes a result in and says how it was written and where. */
  add(result: TestResult): Span & { readonly line: string }
}

/** Opens the report. */
export async function openLines(path: string): Promise<LineReport> {
  const file = await openGrowing(path)
  return {
    file,
    add: (result) => {
      const line = safeJson(snakeKeys(result))
      const offset = file.bytes()
      file.write(`${line}\n`)
      return { line, offset, bytes: file.bytes() - offset - 1 }
    },
  }
}
