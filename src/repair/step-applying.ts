import { applyEdits } from './apply.ts'
import type { Edit } from './reply.ts'
import { candidateOf } from './round-patch.ts'
import { checkPatch } from './guards.ts'
import { changeRound, closeRound, known, lastRound, move } from './repair-state.ts'
import { guardInput, readAll } from './round-guards.ts'
import { parseReply } from './reply.ts'
import type { PatchedFile } from './apply.ts'
import { patchId, unifiedDiff } from './patch.ts'
import type { GuardFinding, RepairState } from '../domain/repair.ts'
import type { RepairContext, Step } from './repair-context.ts'

/** Longest diff that is kept in the state, and longest that is saved, in characters. */
const maxDiff = 40_000
const maxSavedDiff = 2_000_000
/** Longest of what the model says, in characters. */
const maxExplanation = 2000
/** Longest part of an unusable answer that the model is shown again, in characters. */
const maxShown = 8000

/** Makes a patch of the answer, lets the guards look at it, and makes the commit that is to be pushed. */
export const applying: Step = async (state, context) => {
  const { world } = context
  const text = known(state.pendingAnswer)
  const reply = state.isCutOff === true ? cutOff : parseReply(text, lastRound(state).strategy)
  switch (reply.kind) {
    case 'malformed':
      return unusable(state, reply.complaint, '')
    case 'declined':
      return unusable(
        state,
        'There was no patch in your answer. Send one if the code can be mended at all.',
        reply.reason,
      )
    case 'patch': {
      const explanation = world.redactor.text(reply.explanation).slice(0, maxExplanation)
      return patched(changeRound(state, { explanation }), reply.edits, context)
    }
  }
}

const cutOff = {
  kind: 'malformed',
  complaint: 'Your answer broke off before its end. Send a shorter one: the smallest change, little prose.',
} as const

/** The first unusable answer of a round is sent back with what was wrong; the second one ends the round. */
function unusable(state: RepairState, complaint: string, explanation: string): RepairState {
  if (state.complaint !== undefined) {
    const said = explanation === '' ? complaint : explanation
    return closeRound(
      { ...state, isCutOff: undefined },
      { outcome: 'malformed', explanation: said.slice(0, maxExplanation) },
    )
  }
  const answer = known(state.pendingAnswer).slice(0, maxShown)
  const told = { pendingAnswer: undefined, isCutOff: undefined, complaint: { answer, text: complaint } }
  return move(state, 'diagnosing', told)
}

async function patched(state: RepairState, edits: readonly Edit[], context: RepairContext): Promise<RepairState> {
  const { world } = context
  const texts = await readAll(
    state,
    edits.map(({ path }) => path),
    context,
  )
  const applied = applyEdits(edits, (path) => texts.get(path))
  if (applied.kind === 'unapplied') return unusable(state, applied.complaint, lastRound(state).explanation)
  const { files } = applied
  const { number } = lastRound(state)
  await world.save(`rounds/${number}/diff.patch`, unifiedDiff(files, maxSavedDiff))
  const findings = [...tried(state, files), ...checkPatch(await guardInput(state, files, context))]
  const diff = world.redactor.text(unifiedDiff(files, maxDiff)).slice(0, maxDiff)
  const told = { diff, patchId: patchId(files), findings: [...lastRound(state).findings, ...findings] }
  if (findings.some(({ blocks }) => blocks)) return closeRound(state, { ...told, outcome: 'rejected' })
  const headSha = await candidateOf(state, files, context)
  return move(changeRound(state, told), 'validating', { headSha })
}

/** A patch that was tried in an earlier round is not tried again. */
function tried(state: RepairState, files: readonly PatchedFile[]): readonly GuardFinding[] {
  const id = patchId(files)
  const earlier = state.rounds.slice(0, -1).find((round) => round.patchId === id)
  if (earlier === undefined) return []
  return [{ code: 'same_patch', message: `this very patch was tried in round ${earlier.number}`, blocks: true }]
}
