import type { Command } from 'commander'
import { GreenloopError } from '../../domain/errors.ts'
import type { Check } from '../../app/doctor.ts'
import { painter } from '../output.ts'
import type { Session } from '../session.ts'

/** `greenloop doctor`: what works on this machine, found by trying it. */
export function registerDoctor(program: Command, session: Session): void {
  program
    .command('doctor')
    .description('check this machine: Node, frameworks, sandbox, disk, model; each failure with its mend')
    .action(async () => {
      if (session.server !== undefined) {
        const { checksRemotely } = await import('../remote-look.ts')
        return printChecks(await checksRemotely(session), session)
      }
      const { diagnose } = await import('../../app/doctor.ts')
      printChecks(await diagnose(session), session)
    })
}

/** Prints what was tried and sets the exit code: 3 where something failed. */
export function printChecks(checks: readonly Check[], session: Session): void {
  show(checks, session)
  const failed = checks.some(({ status }) => status === 'fail')
  if (session.output.result === 'json') {
    const document = { status: failed ? 'failed' : 'finished', exitCode: failed ? 3 : 0, checks }
    session.output.print(`${JSON.stringify(document)}\n`)
  }
  if (session.signal.aborted) throw new GreenloopError('cancelled', 'interrupted')
  session.end(failed ? 3 : 0)
}

function show(checks: readonly Check[], { output }: Session): void {
  const paint = painter(output.colour)
  const marks = { ok: paint('green', 'ok  '), warn: paint('yellow', 'warn'), fail: paint('red', 'fail') }
  const width = Math.max(...checks.map(({ name }) => name.length))
  for (const { name, status, detail, fix } of checks) {
    output.note(`${marks[status]} ${name.padEnd(width)}  ${detail}\n`)
    if (fix !== undefined) output.note(`${' '.repeat(width + 7)}${paint('dim', `fix: ${fix}`)}\n`)
  }
}
