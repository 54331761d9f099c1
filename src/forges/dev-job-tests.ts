import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ReportedTest } from '../domain/forge.ts'
import { readSafely } from '../lib/files.ts'
import { parseJson } from './dev-json.ts'
import type { DevWorld } from './dev-world.ts'

const maxTests = 50_000
const maxBytes = 256 * 1024 * 1024

const reportedTests = z.array(
  z.object({
    suite: z.string(),
    classname: z.string(),
    name: z.string(),
    file: z.string().optional(),
    status: z.enum(['success', 'failed', 'error', 'skipped']),
    output: z.string().optional(),
  }),
)

const fileOf = (world: DevWorld, jobId: number): string => join(world.folder, 'traces', `${jobId}.tests.json`)

/** Keeps what the reports of a job say, at most 50,000 tests. */
export async function saveTests(world: DevWorld, jobId: number, tests: readonly ReportedTest[]): Promise<void> {
  if (tests.length > 0) await writeFile(fileOf(world, jobId), JSON.stringify(tests.slice(0, maxTests)))
}

/** What the reports of a job say; nothing where it has none. */
export async function readTests(world: DevWorld, jobId: number): Promise<readonly ReportedTest[]> {
  const read = await readSafely(fileOf(world, jobId), maxBytes)
  const parsed = reportedTests.safeParse(read.kind === 'file' ? parseJson(read.data.toString('utf8')) : undefined)
  return parsed.success ? parsed.data : []
}
