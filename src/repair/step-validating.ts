import { changeRound, closeRound, known, lastRound, move } from './repair-state.ts'
import { jobScript } from './job-script.ts'
import { mergedOf, repositoryOf } from './repair-context.ts'
import { prove } from './proof.ts'
import { collect } from './round-collect.ts'
import type { Proof, ProofInput } from './proof.ts'
import type { RepairContext, Step } from './repair-context.ts'
import type { RepairState } from '../domain/repair.ts'
import { capTail, plainText } from '../lib/plain-text.ts'

/** Longest output of the failing command that the next round is shown, in characters. */
const maxOutput = 8000

/** Runs the failing command here on the candidate before it is pushed. */
export const validating: Step = async (state, context) => {
  const { world } = context
  const proof = await prove(await inputOf(state, context), context.signal)
  switch (proof.kind) {
    case 'passed':
      return ready(state, 'passed')
    case 'none':
      return ready(state, proof.why)
    case 'failed': {
      const output = capTail(world.redactor.text(plainText(proof.output)), maxOutput)
      return failedHere({ ...state, localOutput: output }, proof)
    }
  }
}

function ready(state: RepairState, localProof: string): RepairState {
  return move(changeRound(state, { localProof: localProof.slice(0, 500) }), 'pushing')
}

function failedHere(state: RepairState, { job }: Exclude<Proof, { kind: 'none' }>): RepairState {
  const finding = { code: 'local_failure', message: `the command of ${job} still fails here`, blocks: true } as const
  const findings = [...lastRound(state).findings, finding]
  return closeRound(state, { outcome: 'failed_locally', localProof: 'failed', findings })
}

async function inputOf(state: RepairState, context: RepairContext): Promise<ProofInput> {
  const { world } = context
  const { sandbox: mode, timeoutMs } = world.policy.validation
  const repository = await repositoryOf(state, context)
  return {
    box: world.box,
    mode,
    jobs: mode === 'off' ? [] : await jobsOf(state, context),
    timeoutMs,
    checkout: (sha, folder, signal) => repository.checkout(sha, folder, signal),
    printed: mode === 'off' ? undefined : await printed(state, context),
    cache: context.memory.proofs,
    before: known(state.pushedSha),
    after: known(state.headSha),
  }
}

/** What the pipeline printed: what fails here has to look like it. */
async function printed(state: RepairState, context: RepairContext): Promise<string> {
  const { diagnosis } = await collect(state, context)
  return `${diagnosis.testsText}\n${diagnosis.log}`
}

async function jobsOf(state: RepairState, context: RepairContext): Promise<ProofInput['jobs']> {
  const { commands } = context.world.policy.validation
  const merged = await mergedOf(state, context)
  return lastRound(state).failing.flatMap(({ name }) => {
    const found = jobScript(merged, name)
    const script = Object.hasOwn(commands, name) ? commands[name] : found?.script
    return script === undefined ? [] : [{ name, script, variables: found?.variables ?? {} }]
  })
}
