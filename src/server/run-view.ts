import type { RepairView } from '../app/repair-service.ts'
import type { RunEventMessage, RoundMessage, RunMessage, TimeMessage } from '../client/run-messages.ts'
import type { RepairRound, RepairState } from '../domain/repair.ts'
import type { RunEvent } from '../domain/stored-run.ts'

/** A repair as the protocol has it. */
export function runMessage({ run, standing, state }: RepairView): RunMessage {
  const end = state?.end ?? (run.state === 'cancelled' ? 'cancelled' : undefined)
  return {
    id: run.id,
    project: state?.projectPath ?? run.title,
    state: `RUN_STATE_${standing.toUpperCase()}`,
    end: end === undefined ? 'RUN_END_UNSPECIFIED' : `RUN_END_${end.toUpperCase()}`,
    phase: state?.phase ?? 'queued',
    branch: state?.branch ?? '',
    mergeRequestUrl: state?.mergeRequest?.webUrl ?? '',
    pipelineId: state?.pipelineId ?? 0,
    rounds: (state?.rounds ?? []).map(roundMessage),
    reason: state?.reason ?? run.reason ?? '',
    advice: state?.advice ?? '',
    tokens: state?.tokens ?? 0,
    costUsd: state?.costUsd ?? 0,
    createdAt: timeMessage(run.createdAt),
    ...(run.finishedAt === undefined ? {} : { finishedAt: timeMessage(run.finishedAt) }),
    exitCode: run.exitCode ?? 0,
    notes: state?.notes ?? [],
  }
}

function roundMessage(round: RepairRound): RoundMessage {
  return {
    number: round.number,
    failingJobs: round.failing.map(({ name }) => name),
    outcome: round.outcome,
    explanation: round.explanation,
    diff: round.diff,
    findings: round.findings.map(({ code, path = '', message, blocks }) => ({ code, path, message, blocks })),
    commit: round.commit ?? '',
    localProof: round.localProof ?? '',
  }
}

/** A moment in epoch milliseconds as the protocol has it. */
export function timeMessage(ms: number): TimeMessage {
  return { seconds: Math.floor(ms / 1000), nanos: Math.round((ms % 1000) * 1e6) }
}

/** Longest text of one log event, in characters; the protocol promises 64 KiB. */
const longestText = 16_000

/**
 * An event of the record as the protocol has it; `undefined` for what callers have no use for. A state whose last round has changed is
 * told as that round, any other as a change of phase.
 */
export function eventMessage(
  { seq, at, kind, data }: RunEvent,
  before: RepairState | undefined,
): RunEventMessage | undefined {
  const head = { seq, time: timeMessage(at) }
  const said = data as {
    readonly text?: string
    readonly state?: RepairState
    readonly status?: string
    readonly pipelineId?: number
  }
  if (kind === 'repair' && said.state !== undefined) {
    const { phase, pipelineId = 0, rounds } = said.state
    const round = rounds.at(-1)
    if (round !== undefined && round.outcome !== before?.rounds[rounds.length - 1]?.outcome) {
      return { ...head, round: roundMessage(round) }
    }
    return { ...head, stateChange: { phase, pipelineId, pipelineStatus: '' } }
  }
  if (kind === 'pipeline') {
    return {
      ...head,
      stateChange: { phase: 'polling', pipelineId: said.pipelineId ?? 0, pipelineStatus: said.status ?? '' },
    }
  }
  return said.text === undefined ? undefined : { ...head, logChunk: { text: said.text.slice(0, longestText) } }
}
