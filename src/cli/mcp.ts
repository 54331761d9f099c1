import { once } from 'node:events'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import type { Surroundings } from '../app/surroundings.ts'
import { buildMcpServer } from '../server/mcp-server.ts'
import type { FolderClient } from './mcp-client.ts'
import { connect } from './remote-connect.ts'
import type { Session } from './session.ts'
import { version } from './version.ts'

/** Serves until the other side closes standard input, or a signal comes. Standard output carries the protocol alone. */
export async function serveMcp(where: Surroundings, session: Session): Promise<void> {
  const folder = await clientOf(where, session)
  const handle = serveStdio(() => buildMcpServer(folder.client, version), {
    onerror: (error) => session.output.note(`mcp: ${error.message}\n`),
  })
  try {
    const gone = once(process.stdin, 'close')
    await (session.signal.aborted ? undefined : Promise.race([gone, once(session.signal, 'abort')]))
  } finally {
    await handle.close()
    await folder.close()
  }
}

async function clientOf(where: Surroundings, session: Session): Promise<FolderClient> {
  if (session.server !== undefined) {
    const { client } = await connect(session)
    return { client, close: () => Promise.resolve() }
  }
  const { folderClient } = await import('./mcp-client.ts')
  // The service outlives the first signal: what it holds is handed back in order.
  return folderClient({ ...where, signal: new AbortController().signal })
}
