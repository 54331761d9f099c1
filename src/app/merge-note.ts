import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import { createGitLab } from '../forges/gitlab.ts'
import { systemClock } from '../lib/clock.ts'
import { random } from '../lib/random.ts'
import { toMergeNote } from '../report/merge-note.ts'
import type { Summary } from '../report/summary.ts'
import { findRun, withStore } from './store.ts'
import type { Surroundings } from './surroundings.ts'

/** A comment on a merge request. */
export interface MergeNoteInput {
  /** A run of the store, or a file `summary.json`; the newest run unless given. */
  readonly run?: string | undefined
  /** `summary.json` of the branch that is merged into. */
  readonly base?: string | undefined
  readonly reportUrl?: string | undefined
  /** Only makes the text. */
  readonly dryRun: boolean
  readonly tokenFile?: string | undefined
}

/** The comment, and where it stands. */
export interface MergeNote {
  readonly text: string
  readonly iid?: number | undefined
}

const marker = '<!-- greenloop run -->'
const retry = { intervalMs: 1000, maxAttempts: 4 }

/**
 * Writes what a run found into the one comment of the merge request that the variables of GitLab's CI name, or changes it.
 * Throws `usage_invalid` outside of a merge request's pipeline, `forge_*` for what the host answers.
 */
export async function writeMergeNote(input: MergeNoteInput, where: Surroundings): Promise<MergeNote> {
  const [summary, base] = await Promise.all([
    runSummary(input.run ?? 'latest', where),
    input.base === undefined ? undefined : fileSummary(resolve(where.cwd, input.base), input.base),
  ])
  const text = toMergeNote({ summary, base, reportUrl: input.reportUrl ?? where.env['CI_JOB_URL'] })
  if (input.dryRun) return { text }
  const { url, projectId, iid } = placeOf(where.env)
  const forge = createGitLab({ url, token: await tokenOf(input, where), retry, clock: systemClock, random })
  try {
    await forge.putNote({ projectId, iid }, { marker, body: `${text}\n\n${marker}` }, where.signal)
    return { text, iid }
  } finally {
    await forge.close()
  }
}

async function runSummary(run: string, where: Surroundings): Promise<Summary> {
  if (run.endsWith('.json')) return fileSummary(resolve(where.cwd, run), run)
  const folder = await withStore(where, async (store) => (await findRun(store, run)).folder)
  if (folder === undefined) throw new GreenloopError('file_missing', `the run ${run} left no artifacts`)
  return fileSummary(join(folder, 'summary.json'), `summary.json of ${run}`)
}

async function fileSummary(path: string, shown: string): Promise<Summary> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GreenloopError('file_missing', `there is no ${shown}`, {
      cause,
      help: 'name the run, or its summary.json',
    })
  })
  try {
    const summary = JSON.parse(text) as Summary
    if (summary.schema === 'greenloop.summary/v1') return summary
  } catch {
    // Told below.
  }
  throw new GreenloopError('usage_invalid', `${shown} is no summary of a run`, {
    help: 'take artifacts/RUN/summary.json',
  })
}

function placeOf(env: Surroundings['env']) {
  const url = env['CI_SERVER_URL']
  const projectId = Number(env['CI_PROJECT_ID'])
  const iid = Number(env['CI_MERGE_REQUEST_IID'])
  if (url !== undefined && projectId > 0 && iid > 0) return { url, projectId, iid }
  throw new GreenloopError('usage_invalid', 'this is no pipeline of a merge request', {
    why: 'CI_SERVER_URL, CI_PROJECT_ID and CI_MERGE_REQUEST_IID are wanted',
    help: 'let the job run with `rules: - if: $CI_PIPELINE_SOURCE == "merge_request_event"`, or look with --dry-run',
  })
}

async function tokenOf({ tokenFile }: MergeNoteInput, { cwd, env }: Surroundings): Promise<string> {
  const token = tokenFile === undefined ? env['GITLAB_TOKEN'] : await readFile(resolve(cwd, tokenFile), 'utf8')
  if (token !== undefined && token.trim() !== '') return token.trim()
  throw new GreenloopError('forge_auth_failed', 'a token for the comment is wanted', {
    why: 'the token of a job may not write comments',
    help: 'set GITLAB_TOKEN to a project token with the scope `api`, masked, or name a file with --gitlab-token-file',
  })
}
