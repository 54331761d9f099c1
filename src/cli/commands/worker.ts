import type { Command } from 'commander'
import { storeSurroundings } from '../flags.ts'
import { addStoreOptions, wholeNumber } from '../options.ts'
import type { StoreOptions } from '../options.ts'
import type { Session } from '../session.ts'

/** `greenloop worker --database URL`: works for the runs of a shared database until it is asked to end. */
export function registerWorker(program: Command, session: Session): void {
  const command = program
    .command('worker')
    .description('work for the runs of a shared PostgreSQL database; ends with SIGTERM, handing back what it holds')
    .option('--slots <n>', 'tasks at a time', wholeNumber(1), 32)
  addStoreOptions(command).action(async ({ slots, ...options }: StoreOptions & { slots: number }) => {
    const { work } = await import('../../app/worker.ts')
    const log = (line: string): void => session.output.note(`${line}\n`)
    await work({ slots, log }, storeSurroundings(session, options))
    session.endAsAsked(0)
  })
}
