import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { holdYoungHeap } from '../../lib/memory.ts'
import { storeSurroundings } from '../flags.ts'
import { addStoreOptions, collect, oneOf, wholeNumber } from '../options.ts'
import type { StoreOptions } from '../options.ts'
import type { ServeOptions } from '../serve.ts'
import type { Session } from '../session.ts'

const logLevels = ['debug', 'info', 'warn', 'error'] as const

/** `greenloop serve`: the web page and the API for this folder, and `serve link` for one who wants to log in. */
export function registerServe(program: Command, session: Session): void {
  const command = program
    .command('serve')
    .description('serve this folder: web page, REST API and event streams; ends with Ctrl-C or SIGTERM')
    .option('--port <n>', 'port, or 0 for any that is free', port, 4747)
    .option('--host <address>', 'address to listen at, instead of the loopback; wants TLS or --insecure-http')
    .option('--allow-host <name>', 'a further name that the server is called by; repeat for more', collect)
    .option('--tls-cert <file>', 'certificate, PEM')
    .option('--tls-key <file>', 'key of the certificate, PEM')
    .option('--insecure-http', 'listen beyond the loopback without TLS, where something in front of it speaks TLS')
    .option('--metrics-open', 'let everybody read /metrics, without a token; only at the loopback')
    .option('--log <level>', 'write requests as JSON lines: debug, info, warn or error', oneOf(logLevels))
    .option('--artifacts <folder>', 'where runs are kept (artifacts)')
    .option('--slots <n>', 'runs side by side; 0 leaves them to workers', wholeNumber(0))
    .option('--drain <seconds>', 'how long runs may go on when the server is asked to end', wholeNumber(0), 10)
    .option('--unsafe-no-sandbox', 'run tests of callers without a sandbox where none can be had')
  addStoreOptions(command).action(async (options: ServeOptions) => {
    holdYoungHeap()
    const { serve } = await import('../serve.ts')
    await serve(options, session)
  })
  const link = command.command('link').description('print a new one-time link to the server of this folder')
  addStoreOptions(link).action(async (own: StoreOptions, { parent }: Command) => {
    const { newLink } = await import('../../app/serve-link.ts')
    const made = await newLink(storeSurroundings(session, { ...parent?.opts<StoreOptions>(), ...own }))
    const { output } = session
    output.print(output.asked ? `${JSON.stringify({ link: made })}\n` : `${made}\n`)
  })
}

function port(text: string): number {
  const value = wholeNumber(0)(text)
  if (value > 65_535) throw new InvalidArgumentError('A port is at most 65535.')
  return value
}
