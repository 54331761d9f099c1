import type { Command } from 'commander'
import { errorCatalog, GreenloopError } from '../../domain/errors.ts'
import { nearest } from '../../lib/nearest.ts'
import type { Session } from '../session.ts'

/** `greenloop explain CODE`: what an error means and what mends it, offline. */
export function registerExplain(program: Command, session: Session): void {
  program
    .command('explain')
    .argument('[code]', 'an error id such as GL0201; all of them where it is left out')
    .description('say what an error means and what mends it')
    .action(async (wanted: string | undefined) => {
      const entries = Object.entries(errorCatalog)
      if (wanted === undefined) {
        session.output.print(`${entries.map(([, { id, title }]) => `${id}  ${title}`).join('\n')}\n`)
        return
      }
      const found = entries.find(([key, { id }]) => id === wanted.toUpperCase() || key === wanted)
      if (found === undefined) throw unknownCode(wanted)
      const [key, { id, title, explanation, exit }] = found
      session.output.print(`${id} (${key}), exit code ${exit}\n\n${title}\n\n${explanation}\n`)
    })
}

function unknownCode(wanted: string): GreenloopError {
  const near = nearest(
    wanted.toUpperCase(),
    Object.values(errorCatalog).map(({ id }) => id),
  )
  return new GreenloopError('usage_invalid', `there is no error \`${wanted}\``, {
    help: near === undefined ? 'greenloop explain    (lists them all)' : `greenloop explain ${near}`,
  })
}
