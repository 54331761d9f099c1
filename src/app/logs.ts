import { stripVTControlCharacters } from 'node:util'
import type { FileHandle } from 'node:fs/promises'
import type { ApiLog } from '../domain/api-run.ts'
import type { StoredRun } from '../domain/stored-run.ts'
import { frameworks } from '../domain/suite.ts'
import { openFile } from './artifacts.ts'
import type { OpenedArtifact } from './artifacts.ts'
import { stepsOf } from './logs-steps.ts'
import type { ServiceContext } from './service-context.ts'
import { standing } from './standing.ts'

/** Which part of which log. */
export interface LogPart {
  readonly log: ApiLog['name']
  /** Offset in bytes; head and tail where it is left out. */
  readonly from?: number | undefined
  /** Bytes at most. */
  readonly bytes: number
}

/** Bytes that can be read by their place. */
interface Source {
  readonly bytes: number
  read(from: number, to: number): Promise<Buffer>
}

/** A part of a log of a run, also while it grows. A log that is not there is empty. */
export async function readLog(
  service: Pick<ServiceContext, 'store' | 'key'>,
  run: StoredRun,
  part: LogPart,
): Promise<ApiLog> {
  const stands = standing(run)
  const isOver = stands !== 'running' && stands !== 'queued'
  const name = part.log
  if (name === 'greenloop') return { name, isOver, ...(await partOf(await stepSource(service, run), part, isOver)) }
  const opened = await openLog(service, run, name)
  if (opened === undefined) return { name, bytes: 0, from: 0, next: 0, text: '', omitted: 0, isOver }
  try {
    return { name, isOver, ...(await partOf(fileSource(opened), part, isOver)) }
  } finally {
    await opened.handle.close()
  }
}

async function openLog(
  service: Pick<ServiceContext, 'key'>,
  run: StoredRun,
  log: string,
): Promise<OpenedArtifact | undefined> {
  for (const framework of frameworks) {
    const opened = await openFile(service, run, log === 'framework' ? `${framework}.log` : `${framework}_${log}.log`)
    if (opened !== undefined) return opened
  }
  return undefined
}

function fileSource({ handle, artifact: { bytes } }: OpenedArtifact): Source {
  return { bytes, read: (from, to) => readBytes(handle, from, to) }
}

async function readBytes(handle: FileHandle, from: number, to: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.max(0, to - from))
  let filled = 0
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, from + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

async function stepSource({ store }: Pick<ServiceContext, 'store'>, run: StoredRun): Promise<Source> {
  const text = await stepsOf(store, run.id)
  return { bytes: text.length, read: async (from, to) => text.subarray(from, to) }
}

type Part = Omit<ApiLog, 'name' | 'isOver'>

async function partOf(source: Source, { from, bytes: limit }: LogPart, isOver: boolean): Promise<Part> {
  const { bytes } = source
  if (from !== undefined || bytes <= limit) {
    const start = Math.min(from ?? 0, bytes)
    const tail = await piece(source, { from: start, to: Math.min(bytes, start + limit) }, isOver)
    return { bytes, ...tail, omitted: 0 }
  }
  const half = Math.ceil(limit / 2)
  const head = await piece(source, { from: 0, to: half }, false)
  const tail = await piece(source, { from: bytes - (limit - half), to: bytes }, isOver)
  return { bytes, ...tail, omitted: tail.from - head.next, head: head.text }
}

/** Longest character, in bytes. */
const charBytes = 4
/** A sequence for a terminal that is not complete after this many bytes is none. */
const sequenceBytes = 64

/** Text between two offsets, moved so that no character and no terminal sequence is cut; `next` is where it goes on. */
async function piece(
  source: Source,
  { from, to }: { readonly from: number; readonly to: number },
  isOver: boolean,
): Promise<Pick<Part, 'from' | 'next' | 'text'>> {
  // Too few bytes to hold a whole character would never get on.
  const end = Math.min(source.bytes, Math.max(to, from + sequenceBytes))
  const read = await source.read(from, end)
  const start = from === 0 ? 0 : charStart(read)
  const isLast = isOver && from + read.length >= source.bytes
  const stop = isLast ? read.length : wholeEnd(read)
  const bytes = read.subarray(start, Math.max(start, stop))
  return { from: from + start, next: from + start + bytes.length, text: visible(bytes.toString('utf8')) }
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

/** Where the first whole character begins. */
function charStart(bytes: Buffer): number {
  let start = 0
  while (start < charBytes - 1 && isContinuation(bytes[start])) start++
  return start
}

/** Where the last whole character ends, and the last whole terminal sequence. */
function wholeEnd(bytes: Buffer): number {
  let lead = bytes.length - 1
  while (lead > bytes.length - charBytes && isContinuation(bytes[lead])) lead--
  const first = bytes[lead] ?? 0
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1
  const end = lead + length > bytes.length ? Math.max(0, lead) : bytes.length
  const last = bytes.subarray(Math.max(0, end - sequenceBytes), end).toString('latin1')
  const open = /\u001b(?:\[[\d;?]*)?$|\r$/.exec(last)
  return open === null ? end : end - open[0].length
}

/** Text without colours, and with every control character but line feed and tab as a sign that can be seen. */
function visible(text: string): string {
  if (!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(text)) return text
  return stripVTControlCharacters(text)
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[\u0000-\u0008\u000b-\u001f]/g, (sign) => String.fromCharCode(0x24_00 + sign.charCodeAt(0)))
    .replaceAll('\u007f', '\u2421')
    .replaceAll(
      /[\u0080-\u009f\u202a-\u202e\u2066-\u2069]/g,
      (sign) => `<U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}>`,
    )
}
