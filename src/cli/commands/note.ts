import type { Command } from 'commander'
import { storeSurroundings } from '../flags.ts'
import { addStoreOptions } from '../options.ts'
import type { StoreOptions } from '../options.ts'
import type { Session } from '../session.ts'

interface NoteOptions extends StoreOptions {
  base?: string
  reportUrl?: string
  gitlabTokenFile?: string
  dryRun?: boolean
}

/** `greenloop note [run]`: tells a merge request of GitLab what a run found. */
export function registerNote(program: Command, session: Session): void {
  const command = program
    .command('note')
    .argument('[run]', 'a run, or its summary.json; the newest run where it is left out')
    .description('tell a GitLab merge request what a run found, in one comment that is kept up to date')
    .option('--base <summary.json>', 'that of the branch that is merged into: tells new failures from known ones')
    .option('--report-url <url>', 'address of the whole report (CI_JOB_URL)')
    .option('--gitlab-token-file <file>', 'holds the token of GitLab (GITLAB_TOKEN)')
    .option('--dry-run', 'only print the comment')
  addStoreOptions(command).action(async (run: string | undefined, options: NoteOptions) => {
    const { base, reportUrl, gitlabTokenFile: tokenFile, dryRun = false } = options
    const { writeMergeNote } = await import('../../app/merge-note.ts')
    const note = await writeMergeNote({ run, base, reportUrl, tokenFile, dryRun }, storeSurroundings(session, options))
    if (session.output.result !== 'human' && session.output.asked) session.output.print(`${JSON.stringify(note)}\n`)
    else if (dryRun) session.output.print(`${note.text}\n`)
    else session.output.note(`the comment of merge request !${note.iid} is up to date\n`)
  })
}
