import type { DevReply, DevRequest } from './dev-http.ts'

/** How lists are cut into pages. */
export interface Paging {
  readonly baseUrl: string
  /** Without totals, as GitLab does it for long lists. */
  readonly hidesTotals: boolean
}

/** One page of a list with GitLab's headers: `Link` and totals, or `Link` alone for keyset pages. */
export function page(request: DevRequest, items: readonly unknown[], paging: Paging): DevReply {
  const perPage = bounded(request.query.get('per_page'), 20, 100)
  const isKeyset = request.query.get('pagination') === 'keyset'
  const number = bounded(request.query.get(isKeyset ? 'cursor' : 'page'), 1, 1_000_000)
  const pages = Math.max(1, Math.ceil(items.length / perPage))
  const link = (to: number, rel: string): string => {
    const query = new URLSearchParams(request.query)
    query.delete('private_token')
    query.set('per_page', String(perPage))
    query.set(isKeyset ? 'cursor' : 'page', String(to))
    return `<${paging.baseUrl}${request.path}?${query.toString()}>; rel="${rel}"`
  }
  const links = [
    ...(number > 1 && !isKeyset ? [link(number - 1, 'prev')] : []),
    ...(number < pages ? [link(number + 1, 'next')] : []),
    ...(isKeyset ? [] : [link(1, 'first')]),
    ...(isKeyset || paging.hidesTotals ? [] : [link(pages, 'last')]),
  ]
  const counts = {
    'x-page': String(number),
    'x-per-page': String(perPage),
    'x-next-page': number < pages ? String(number + 1) : '',
    'x-prev-page': number > 1 ? String(number - 1) : '',
  }
  const totals = { 'x-total': String(items.length), 'x-total-pages': String(pages) }
  return {
    status: 200,
    body: items.slice((number - 1) * perPage, number * perPage),
    headers: {
      ...(links.length === 0 ? {} : { link: links.join(', ') }),
      ...(isKeyset ? {} : counts),
      ...(isKeyset || paging.hidesTotals ? {} : totals),
    },
  }
}

function bounded(text: string | null, otherwise: number, most: number): number {
  const value = Number.parseInt(text ?? '', 10)
  return Number.isInteger(value) && value > 0 ? Math.min(value, most) : otherwise
}
