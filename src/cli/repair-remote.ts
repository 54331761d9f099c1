import { randomUUID } from 'node:crypto'
import type { RepairOverrides } from '../app/repair.ts'
import { createRunClient } from '../client/run-client.ts'
import type { RunClient } from '../client/run-client.ts'
import type { RunEventMessage, RunMessage } from '../client/run-messages.ts'
import { GreenloopError } from '../domain/errors.ts'
import { visible } from '../lib/frame.ts'
import { firstLine } from '../lib/plain-text.ts'
import { readText } from './named-file.ts'
import type { Session } from './session.ts'

/** What the command line says of a service elsewhere. */
interface RemoteRun {
  readonly remote: string
  readonly tokenFile?: string | undefined
  readonly tlsCa?: string
  readonly runId?: string
  readonly overrides: RepairOverrides
}

/** Starts a repair on a service, shows it as it goes on, and ends as it ends. Ctrl-C asks the service to cancel it. */
export async function repairRemotely(run: RemoteRun, session: Session): Promise<void> {
  const { cwd, env, signal, output } = session
  const token = run.tokenFile === undefined ? env.GREENLOOP_GRPC_TOKEN : (await readText(run.tokenFile, cwd)).trim()
  const ca = run.tlsCa === undefined ? undefined : await readText(run.tlsCa, cwd)
  const client = createRunClient({ address: run.remote, token, ca })
  try {
    const {
      project = '',
      ref = '',
      rounds,
      timeoutSeconds: totalTimeoutSeconds,
      mergeRequest,
      create: createProject,
    } = run.overrides
    const idempotencyKey = run.runId ?? randomUUID()
    const options = { rounds, totalTimeoutSeconds, mergeRequest, createProject }
    const { id } = await client.start({ idempotencyKey, project, ref, files: [], options }, signal)
    session.begin(id, '')
    output.note(`run ${id} on ${run.remote}\n`)
    const last = await follow(client, id, session).catch(async (error: unknown) => {
      if (signal.aborted) await client.cancel(id, 'interrupted', AbortSignal.timeout(10_000)).catch(() => {})
      throw error
    })
    print(last, session)
  } finally {
    client.close()
  }
}

async function follow(client: RunClient, id: string, { output, signal }: Session): Promise<RunMessage> {
  let last: RunMessage | undefined
  for await (const event of client.watch(id, 0, signal)) {
    last = event.snapshot ?? last
    if (output.result === 'jsonl' && output.asked) output.print(`${JSON.stringify(event)}\n`)
    const line = lineOf(event)
    if (line !== undefined && output.progress !== 'none') output.note(`${visible(line)}\n`)
  }
  if (last === undefined) throw new GreenloopError('forge_garbled', 'the service told nothing of the run')
  return last
}

function lineOf({ stateChange, logChunk, round }: RunEventMessage): string | undefined {
  if (stateChange !== undefined && stateChange !== null) {
    const { phase, pipelineId, pipelineStatus } = stateChange
    return pipelineStatus === '' ? phase.replaceAll('_', ' ') : `pipeline ${pipelineId} ${pipelineStatus}`
  }
  if (round !== undefined && round !== null) return `round ${round.number}: ${round.outcome.replaceAll('_', ' ')}`
  return logChunk?.text
}

function print(run: RunMessage, session: Session): void {
  const { output } = session
  const end = run.end.replace('RUN_END_', '').toLowerCase()
  const exitCode = run.exitCode === 0 && end !== 'succeeded' ? 3 : run.exitCode
  if (output.result !== 'human') {
    const document = { status: 'finished', ...run, exitCode, runId: run.id, end }
    output.print(`${JSON.stringify(output.result === 'jsonl' ? { kind: 'summary', ...document } : document)}\n`)
  }
  const lines = [
    `${end === 'unspecified' ? run.state.replace('RUN_STATE_', '').toLowerCase() : end}  ${visible(firstLine(run.reason))}`,
    ...(run.advice === '' ? [] : [`next      ${visible(run.advice)}`]),
    ...run.rounds.map(
      ({ number, outcome, explanation }) =>
        `round ${number}   ${outcome.replaceAll('_', ' ')}  ${visible(firstLine(explanation))}`,
    ),
    ...(run.mergeRequestUrl === '' ? [] : [`request   ${visible(run.mergeRequestUrl)}`]),
  ]
  output.note(`\n${lines.join('\n')}\n`)
  session.end(exitCode)
}
