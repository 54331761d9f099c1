import type { Command } from 'commander'
import { errorCatalog } from '../../domain/errors.ts'
import { storeSurroundings } from '../flags.ts'
import { addStoreOptions } from '../options.ts'
import type { StoreOptions } from '../options.ts'
import type { Session } from '../session.ts'

/** `greenloop store check|backup|restore`: the file that runs are recorded in. */
export function registerStore(program: Command, session: Session): void {
  const store = program.command('store').description('the record of runs: check, back up, restore')
  const sub = (usage: string, description: string): Command =>
    addStoreOptions(store.command(usage).description(description))
  sub('check', 'look for damage').action(async (options: StoreOptions) => {
    const { checkStore } = await import('../../app/runs.ts')
    const problems = await checkStore(storeSurroundings(session, options))
    session.output.note(problems.length === 0 ? 'the store is sound\n' : `${problems.join('\n')}\n`)
    print(session, { status: problems.length === 0 ? 'finished' : 'failed', problems })
    session.end(problems.length === 0 ? 0 : errorCatalog.store_corrupt.exit)
  })
  sub('backup <file>', 'copy the store into a new file; it may be in use').action(
    async (file: string, options: StoreOptions) => {
      const { backupStore } = await import('../../app/backup.ts')
      const path = await backupStore(file, storeSurroundings(session, options))
      session.output.note(`the store was copied to ${path}\n`)
      print(session, { status: 'finished', path })
    },
  )
  sub('restore <file>', 'put a backup in the place of the store; what was there is kept beside it').action(
    async (file: string, options: StoreOptions) => {
      const { restoreStore } = await import('../../app/backup.ts')
      const { path, kept } = await restoreStore(file, storeSurroundings(session, options))
      session.output.note(`${path} is the backup now${kept === undefined ? '' : `; what was there is ${kept}`}\n`)
      print(session, { status: 'finished', path, kept })
    },
  )
}

function print({ output }: Session, value: unknown): void {
  if (output.result !== 'human') output.print(`${JSON.stringify(value)}\n`)
}
