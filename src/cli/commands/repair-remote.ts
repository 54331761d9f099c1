import type { Command } from 'commander'
import { storeSurroundings } from '../flags.ts'
import { addStoreOptions, wholeNumber } from '../options.ts'
import type { StoreOptions } from '../options.ts'
import type { Session } from '../session.ts'

interface ServeFlags extends StoreOptions {
  config: string
  host: string
  port?: number
  concurrency: number
  tlsCert?: string
  tlsKey?: string
  reflection?: boolean
}

/** `greenloop repair serve`: repairs for other programs, over gRPC. */
export function registerRepairRemote(repair: Command, session: Session): void {
  const serve = repair
    .command('serve')
    .description('serve repairs to other programs over gRPC until it is asked to end')
    .option('--config <file>', 'configuration that every run starts from', 'config.yaml')
    .option('--host <address>', 'where to listen; beyond this machine with token and TLS only', '127.0.0.1')
    .option('--port <n>', 'port; that of the configuration unless given, 0 takes a free one', wholeNumber(0))
    .option('--concurrency <n>', 'repairs at a time', wholeNumber(1), 4)
    .option('--tls-cert <file>', 'certificate in PEM')
    .option('--tls-key <file>', 'its key in PEM')
    .option('--reflection', 'let tools ask for the description of the service')
  addStoreOptions(serve).action(async (flags: ServeFlags) => {
    const { serveRepairs } = await import('../repair-serve.ts')
    await serveRepairs(flags, { session, where: storeSurroundings(session, flags) })
    session.endAsAsked(0)
  })
}
