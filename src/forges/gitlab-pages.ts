import type { IncomingHttpHeaders } from 'node:http'

/** Longest `Link` that is read. */
const linkCap = 16_384

/**
 * What the next page of a list is asked with, from `Link` or else `X-Next-Page`; `undefined` after the last one. Only the
 * values of the link's query are taken: the request goes to the same place again, whatever origin the link names.
 */
export function nextPage(headers: IncomingHttpHeaders): Readonly<Record<string, string>> | undefined {
  const { link, 'x-next-page': number } = headers
  const text = Array.isArray(link) ? link.join(',') : link
  if (typeof text === 'string') return linked(text.slice(0, linkCap))
  return typeof number === 'string' && /^\d{1,9}$/.test(number) ? { page: number } : undefined
}

function linked(link: string): Readonly<Record<string, string>> | undefined {
  for (const [, target = '', rest = ''] of link.matchAll(/<([^<>]*)>([^<>]*)/g)) {
    if (!/;\s*rel="?next"?(?:[\s;,]|$)/i.test(rest)) continue
    const url = URL.parse(target, 'https://next.invalid/')
    if (url !== null) return Object.fromEntries(url.searchParams)
  }
  return undefined
}
