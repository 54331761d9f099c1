import type { Command } from 'commander'
import { storeSurroundings } from '../flags.ts'
import { addStoreOptions } from '../options.ts'
import type { StoreOptions } from '../options.ts'
import type { Session } from '../session.ts'

/** `greenloop mcp`: tools for models, over standard input and output. */
export function registerMcp(program: Command, session: Session): void {
  const command = program
    .command('mcp')
    .description(
      'serve tools over the Model Context Protocol on standard input and output, for this folder or a server',
    )
  addStoreOptions(command).action(async (options: StoreOptions) => {
    const { serveMcp } = await import('../mcp.ts')
    await serveMcp(storeSurroundings(session, options), session)
    session.endAsAsked(0)
  })
}
