import { buildPrompt } from './prompt.ts'
import { budgetUsed } from './stop.ts'
import { changeRound, endWith, known, lastRound, move } from './repair-state.ts'
import { ask } from './round-answer.ts'
import { promptOf } from './round-prompt.ts'
import type { RepairState } from '../domain/repair.ts'
import type { RoundAnswer } from './round-answer.ts'
import type { Step } from './repair-context.ts'
import { takenAway } from './repair-ours.ts'

/** Longest answer that is kept, in characters; a longer one is cut and will hardly be read as a patch. */
const maxAnswer = 200_000

/** Asks the model, unless its answer is on record already. */
export const diagnosing: Step = async (state, context) => {
  if (state.pendingAnswer !== undefined) return move(state, 'applying')
  const { world } = context
  const used = budgetUsed(state, world.policy)
  if (used !== undefined) {
    return endWith(state, { end: 'gave_up', reason: used, advice: 'Raise `budget`, or repair the rest by hand.' })
  }
  const away = await takenAway(state, context)
  if (away !== undefined) return away
  const prompt = buildPrompt(await promptOf(state, context))
  const name = `rounds/${lastRound(state).number}/${state.complaint === undefined ? '' : 're-ask-'}`
  await world.save(`${name}prompt.md`, `${prompt.system}\n\n${prompt.user}`)
  const answer = await ask(prompt, context)
  await world.save(`${name}answer.md`, answer.text)
  return move(paid(state, answer), 'applying', {
    pendingAnswer: answer.text.slice(0, maxAnswer),
    ...(answer.isWhole ? {} : { isCutOff: true }),
  })
}

function paid(state: RepairState, { tokens, costUsd }: RoundAnswer): RepairState {
  const round = known(state.rounds.at(-1))
  const told = changeRound(state, { tokens: round.tokens + tokens, costUsd: round.costUsd + costUsd })
  return { ...told, tokens: state.tokens + tokens, costUsd: state.costUsd + costUsd }
}
