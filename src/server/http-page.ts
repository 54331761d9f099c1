import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { listFiles } from '../lib/files.ts'
import { sha256 } from '../lib/hash.ts'

interface PageFile {
  readonly type: string
  readonly etag: string
  /** Its name changes with its content. */
  readonly isHashed: boolean
  readonly plain: Uint8Array<ArrayBuffer>
  readonly gzip: Uint8Array<ArrayBuffer> | undefined
  readonly br: Uint8Array<ArrayBuffer> | undefined
}

/** The files of the web page by the path they are asked for: nothing else is ever read for a request. */
export type PageFiles = ReadonlyMap<string, PageFile>

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
}
const compressed = /^text\/|json$|svg/u

/** Reads the built page into memory, compressed once. */
export async function loadPage(folder: string): Promise<PageFiles> {
  const { files } = await listFiles(folder, { maxFiles: 2000, maxDepth: 6 })
  const pages = await Promise.all(files.map((path) => load(folder, path)))
  return new Map(files.flatMap((path, index) => (pages[index] === undefined ? [] : [[`/${path}`, pages[index]]])))
}

async function load(folder: string, path: string): Promise<PageFile | undefined> {
  const type = types[extname(path)]
  if (type === undefined) return undefined
  const plain = new Uint8Array(await readFile(join(folder, path)))
  const isWorthIt = compressed.test(type) && plain.length > 1024
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }
  return {
    type,
    etag: `"${sha256(plain).slice(0, 32)}"`,
    isHashed: path.startsWith('assets/'),
    plain,
    gzip: isWorthIt ? new Uint8Array(await promisify(gzip)(plain)) : undefined,
    br: isWorthIt ? new Uint8Array(await promisify(brotliCompress)(plain, quality)) : undefined,
  }
}

/** A file of the page, or the page itself for any path that has no file's name; `undefined` where there is none. */
export function pageResponse(files: PageFiles, request: Request): Response | undefined {
  const { pathname } = new URL(request.url)
  const file = files.get(pathname) ?? (isRoute(pathname) ? files.get('/index.html') : undefined)
  if (file === undefined) return undefined
  const headers = {
    'Content-Type': file.type,
    'Cache-Control': file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    Vary: 'Accept-Encoding',
    ETag: file.etag,
  }
  if (request.headers.get('if-none-match')?.includes(file.etag)) return new Response(null, { status: 304, headers })
  const { name, bytes } = encoded(file, request.headers.get('accept-encoding') ?? '')
  return new Response(bytes, { headers: name === undefined ? headers : { ...headers, 'Content-Encoding': name } })
}

/** A page of the router; files of their own lie at the top, with an ending, and among the assets. */
function isRoute(pathname: string): boolean {
  return !pathname.startsWith('/assets/') && !/^\/[^/]*\.[a-z0-9]{1,11}$/iu.test(pathname)
}

function encoded(
  file: PageFile,
  accepted: string,
): { readonly name: 'br' | 'gzip' | undefined; readonly bytes: Uint8Array<ArrayBuffer> } {
  for (const name of ['br', 'gzip'] as const) {
    const bytes = file[name]
    const wish = new RegExp(`(?:^|[,\\s])${name}(?!\\s*;\\s*q=0(?:\\.0*)?\\s*(?:,|$))(?:[\\s;,]|$)`, 'u')
    if (bytes !== undefined && wish.test(accepted)) return { name, bytes }
  }
  return { name: undefined, bytes: file.plain }
}
