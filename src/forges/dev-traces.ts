import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readSafely } from '../lib/files.ts'

/** Output of jobs: in memory while they run, in files afterwards. */
export interface DevTraces {
  begin(jobId: number): void
  add(jobId: number, text: string): void
  /** Writes the whole down. */
  end(jobId: number): Promise<void>
  read(jobId: number): Promise<Buffer>
}

const maxTraceBytes = 32 * 1024 * 1024

/** Traces below `folder`, at most 32 MiB each. */
export async function openTraces(folder: string): Promise<DevTraces> {
  await mkdir(folder, { recursive: true })
  const running = new Map<number, { chunks: Buffer[]; bytes: number }>()
  const pathOf = (jobId: number): string => join(folder, `${jobId}.log`)
  return {
    begin: (jobId) => void running.set(jobId, { chunks: [], bytes: 0 }),
    add: (jobId, text) => {
      const trace = running.get(jobId)
      if (trace === undefined || trace.bytes > maxTraceBytes) return
      const chunk = Buffer.from(text)
      const room = maxTraceBytes - trace.bytes
      trace.bytes += chunk.length
      const limit = `\nJob's log exceeded limit of ${maxTraceBytes} bytes.\n`
      trace.chunks.push(...(chunk.length <= room ? [chunk] : [chunk.subarray(0, room), Buffer.from(limit)]))
    },
    end: async (jobId) => {
      const trace = running.get(jobId)
      if (trace === undefined) return
      await writeFile(pathOf(jobId), Buffer.concat(trace.chunks))
      running.delete(jobId)
    },
    read: async (jobId) => {
      const trace = running.get(jobId)
      if (trace !== undefined) return Buffer.concat(trace.chunks)
      const read = await readSafely(pathOf(jobId), maxTraceBytes + 1024)
      return read.kind === 'file' ? read.data : Buffer.alloc(0)
    },
  }
}
