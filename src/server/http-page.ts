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
  readonly isCompressible: boolean
  /** Made when they are first asked for: most files never are. */
  readonly compressed: Map<Encoding, Promise<Uint8Array<ArrayBuffer>>>
}

type Encoding = 'br' | 'gzip'

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
const compressible = /^text\/|json$|svg/u

/** Reads the built page into memory. */
export async function loadPage(folder: string): Promise<PageFiles> {
  const { files } = await listFiles(folder, { maxFiles: 2000, maxDepth: 6 })
  const pages = await Promise.all(files.map((path) => load(folder, path)))
  return new Map(files.flatMap((path, index) => (pages[index] === undefined ? [] : [[`/${path}`, pages[index]]])))
}

async function load(folder: string, path: string): Promise<PageFile | undefined> {
  const type = types[extname(path)]
  if (type === undefined) return undefined
  const plain = new Uint8Array(await readFile(join(folder, path)))
  return {
    type,
    etag: `"${sha256(plain).slice(0, 32)}"`,
    isHashed: path.startsWith('assets/'),
    plain,
    isCompressible: compressible.test(type) && plain.length > 1024,
    compressed: new Map(),
  }
}

/** Best but a hundredth, at an eighth of the time of the best. */
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }

async function compress(name: Encoding, plain: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(name === 'br' ? await promisify(brotliCompress)(plain, quality) : await promisify(gzip)(plain))
}

/** A file of the page, or the page itself for any path that has no file's name; `undefined` where there is none. */
export async function pageResponse(files: PageFiles, request: Request): Promise<Response | undefined> {
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
  const { name, bytes } = await encoded(file, request.headers.get('accept-encoding') ?? '')
  return new Response(bytes, { headers: name === undefined ? headers : { ...headers, 'Content-Encoding': name } })
}

/** A page of the router; files of their own lie at the top, with an ending, and among the assets. */
function isRoute(pathname: string): boolean {
  return !pathname.startsWith('/assets/') && !/^\/[^/]*\.[a-z0-9]{1,11}$/iu.test(pathname)
}

interface Encoded {
  readonly name: Encoding | undefined
  readonly bytes: Uint8Array<ArrayBuffer>
}

async function encoded({ plain, isCompressible, compressed }: PageFile, accepted: string): Promise<Encoded> {
  for (const name of ['br', 'gzip'] as const) {
    const wish = new RegExp(`(?:^|[,\\s])${name}(?!\\s*;\\s*q=0(?:\\.0*)?\\s*(?:,|$))(?:[\\s;,]|$)`, 'u')
    if (!isCompressible || !wish.test(accepted)) continue
    const made = compressed.get(name) ?? compress(name, plain)
    compressed.set(name, made)
    return { name, bytes: await made }
  }
  return { name: undefined, bytes: plain }
}
