import type { FileHandle } from 'node:fs/promises'
import type { OpenedArtifact } from '../app/artifacts.ts'

/** Bytes of a file from `first` to `last`, both included. */
interface Span {
  readonly first: number
  readonly last: number
}

const pieceBytes = 128 * 1024

/**
 * Answers with a file or the part of it that the request asks for, and closes it when it was sent or the other side has gone. One
 * range is served; several at once are answered with the whole file, as the protocol allows.
 */
export async function fileResponse(
  request: Request,
  { artifact: { bytes, modifiedAt }, handle, etag }: OpenedArtifact,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const all = {
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache',
    'x-content-type-options': 'nosniff',
    ...headers,
    etag,
    'last-modified': new Date(modifiedAt).toUTCString(),
  }
  const span = spanOf(request.headers, { bytes, etag })
  const isKnown = isNamed(request.headers.get('if-none-match'), etag)
  const isEmpty = isKnown || span === 'outside' || request.method === 'HEAD' || bytes === 0
  if (isEmpty) await handle.close()
  if (isKnown) return new Response(null, { status: 304, headers: { etag } })
  if (span === 'outside') {
    return new Response(null, { status: 416, headers: { ...all, 'content-range': `bytes */${bytes}` } })
  }
  const { first, last } = span ?? { first: 0, last: bytes - 1 }
  const length = { 'content-length': String(last - first + 1) }
  const part = span === undefined ? {} : { 'content-range': `bytes ${first}-${last}/${bytes}` }
  const body = isEmpty ? null : fileStream(handle, { first, last })
  return new Response(body, { status: span === undefined ? 200 : 206, headers: { ...all, ...length, ...part } })
}

function isNamed(header: string | null, etag: string): boolean {
  return header?.split(',').some((each) => each.trim().replace(/^W\//, '') === etag || each.trim() === '*') ?? false
}

/** The range that is asked for; `undefined` for the whole file. */
function spanOf(
  headers: Headers,
  { bytes, etag }: { readonly bytes: number; readonly etag: string },
): Span | 'outside' | undefined {
  const condition = headers.get('if-range')
  // A date is too coarse to tell two versions of a file apart.
  if (condition !== null && condition !== etag) return undefined
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.get('range') ?? '') ?? []
  if (from === '' && to === '') return undefined
  if (from === '') {
    const tail = Math.min(Number(to), bytes)
    return tail === 0 ? 'outside' : { first: bytes - tail, last: bytes - 1 }
  }
  const first = Number(from)
  const last = to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1)
  if (to !== '' && Number(to) < first) return undefined
  return first >= bytes ? 'outside' : { first, last }
}

/** A part of a file as a stream that reads no faster than it is read. */
function fileStream(handle: FileHandle, { first, last }: Span): ReadableStream<Uint8Array> {
  let at = first
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const piece = new Uint8Array(Math.min(pieceBytes, last - at + 1))
          const { bytesRead } = await handle.read(piece, 0, piece.length, at)
          if (bytesRead === 0) throw new Error('the file became shorter while it was sent')
          at += bytesRead
          controller.enqueue(piece.subarray(0, bytesRead))
          if (at > last) {
            await handle.close()
            controller.close()
          }
        } catch (error) {
          await handle.close().catch(() => {})
          controller.error(error)
        }
      },
      cancel: () => handle.close().catch(() => {}),
    },
    { highWaterMark: 0 },
  )
}
