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
    .option(
      '--runs <n>',
      'runs of `greenloop serve` that are carried out besides, on the working folder',
      wholeNumber(0),
      0,
    )
  addStoreOptions(command).action(
    async ({ slots, runs, ...options }: StoreOptions & { slots: number; runs: number }) => {
      const { work } = await import('../../app/worker.ts')
      const log = (line: string): void => session.output.note(`${line}\n`)
      await work({ slots, runs, log }, storeSurroundings(session, options))
      session.endAsAsked(0)
    },
  )
}
