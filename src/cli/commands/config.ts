import type { Command } from 'commander'
import { painter } from '../output.ts'
import type { Session } from '../session.ts'

/** `greenloop config show [--origin]`: every setting with its value, and where it came from. */
export function registerConfig(program: Command, session: Session): void {
  const config = program.command('config').description('show the settings in force')
  config
    .command('show')
    .option('--origin', 'say where each value came from')
    .description('print every setting; secrets are shown as set or unset')
    .action(async (options: { origin?: boolean }) => {
      const rows = await rowsOf(session)
      if (session.output.asked) {
        const entries = rows.map(({ key, value, origin }) => [key, options.origin ? { value, origin } : value])
        session.output.print(`${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`)
        return
      }
      const paint = painter(session.output.colour)
      const width = Math.max(...rows.map(({ key }) => key.length))
      for (const { key, value, origin } of rows) {
        const shown = typeof value === 'string' ? value : JSON.stringify(value)
        const from = options.origin ? paint('dim', `  ← ${origin}`) : ''
        session.output.print(`${key.padEnd(width)}  ${shown ?? 'unset'}${from}\n`)
      }
    })
}

async function rowsOf(session: Session) {
  if (session.server !== undefined) {
    const { settingsRemotely } = await import('../remote-look.ts')
    return settingsRemotely(session)
  }
  const { showSettings } = await import('../../app/settings.ts')
  return showSettings(session)
}
