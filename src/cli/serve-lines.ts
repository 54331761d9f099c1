import { linkOf } from '../app/serve-link.ts'
import type { HttpServer } from '../server/http-server.ts'
import { painter } from './output.ts'
import type { Session } from './session.ts'

/** Says where the server listens, and how to log in. One JSON line on standard output says it to programs. */
export async function printServing(
  { url, access }: Pick<HttpServer, 'url' | 'access'>,
  { session, hasPage, root }: { readonly session: Session; readonly hasPage: boolean; readonly root: string },
): Promise<void> {
  const { output } = session
  const { file, isNew } = await access.firstToken()
  const isShown = isNew || output.asked || output.progress === 'live'
  const link = isShown ? linkOf(url, await access.createCode()) : undefined
  const paint = painter(output.colour)
  const lines = [
    `${paint('bold', 'greenloop')} serves ${root} at ${paint('bold', url)}`,
    ...(hasPage
      ? [
          link === undefined
            ? 'log in with a one-time link: greenloop serve link'
            : `log in, once and within 10 minutes: ${paint('blue', link)}`,
        ]
      : []),
    `token for programs: ${file}`,
    'Ctrl-C ends it',
  ]
  output.note(`${lines.join('\n')}\n`)
  if (output.result !== 'human') output.print(`${JSON.stringify({ url, link, tokenFile: file, pid: process.pid })}\n`)
}
