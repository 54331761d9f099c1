import { GreenloopError } from '../domain/errors.ts'
import type { Problem } from '../domain/errors.ts'
import type { Experiment, LoadedPlan } from '../domain/experiment.ts'
import type { RunManifest } from '../domain/manifest.ts'
import { gateProblems, parseGate } from '../experiment/gate-parse.ts'
import type { Gate } from '../experiment/gate-parse.ts'
import { variantsFor } from '../experiment/manifests-variants.ts'

/** The gates of a plan that can be checked, and a word about those that cannot. */
export interface SettledGates {
  readonly gates: readonly string[]
  readonly warnings: readonly string[]
}

/**
 * Looks at the gates of a plan before anything is spent; `chosen` is what the command line left of it. A gate about a
 * variant or workflow that was left out there is not checked, which is said. Throws `plan_invalid` with every gate that
 * cannot be read or that names what the plan does not have, each with its place.
 */
export function settleGates({ experiment, catalog, places, files }: LoadedPlan, chosen: Experiment): SettledGates {
  const all = namesOf(
    experiment,
    catalog.workflows.map(({ id }) => id),
  )
  const left = namesOf(chosen, [])
  const problems: Problem[] = []
  const warnings: string[] = []
  const gates = experiment.gates.filter((text, index) => {
    const place = places?.gates[index] ?? { file: files.plan }
    const read = reading(text)
    const found = 'help' in read ? [read] : problemsOf(read, { text, experiment, known: all })
    problems.push(...found.map((problem) => ({ ...problem, place })))
    if (found.length > 0 || 'help' in read || gateProblems(read, left).length === 0) return true
    warnings.push(notChecked(text))
    return false
  })
  const [first] = problems
  if (first === undefined) return { gates, warnings }
  const message = problems.length === 1 ? first.message : `${problems.length} problems in the gates`
  throw new GreenloopError('plan_invalid', message, { ...(problems.length === 1 ? first : {}), problems })
}

/** The gates of manifests about those that the command line leaves; the others are told to `onWarning`. */
export function keptGates(
  { gates, evaluation }: RunManifest,
  { all, kept }: { readonly all: readonly RunManifest[]; readonly kept: readonly RunManifest[] },
  onWarning: (text: string) => void,
): readonly string[] {
  const [known, left] = [all, kept].map((manifests) => ({
    variants: manifests.map(({ variantId }) => variantId),
    workflows: manifests.map(({ workflowId }) => workflowId),
    primary: evaluation.primary,
  }))
  if (known === undefined || left === undefined || all.length === kept.length) return gates
  return gates.filter((text) => {
    const read = reading(text)
    // What no manifest has is told with the other problems of gates.
    const isLeftOut = !('help' in read) && gateProblems(read, known).length === 0 && gateProblems(read, left).length > 0
    if (isLeftOut) onWarning(notChecked(text))
    return !isLeftOut
  })
}

function notChecked(gate: string): string {
  return `the gate \`${gate}\` is not checked: the command line leaves out what it speaks of`
}

type Names = Parameters<typeof gateProblems>[1]

function namesOf({ workflows, variants, evaluation }: Experiment, known: readonly string[]): Names {
  return {
    variants: variants.map(({ id }) => id),
    workflows: workflows?.map(({ id }) => id) ?? known,
    primary: evaluation.primary,
  }
}

function reading(text: string): Gate | { readonly message: string; readonly help: string } {
  try {
    return parseGate(text)
  } catch (error) {
    if (!(error instanceof GreenloopError)) throw error
    return { message: error.message, help: error.help ?? 'correct the gate' }
  }
}

interface GateGround {
  readonly text: string
  readonly experiment: Experiment
  readonly known: Names
}

function problemsOf(gate: Gate, { text, experiment, known }: GateGround): Problem[] {
  const problems = gateProblems(gate, known).map((message) => ({ message: `gate \`${text}\`: ${message}` }))
  if (problems.length > 0) return problems
  const named = [gate.left.figure?.variant, gate.right.figure?.variant].filter((name) => name !== undefined)
  const asked = gate.workflow === undefined ? known.workflows : [gate.workflow]
  return asked.flatMap((workflow) => {
    const ids = variantsFor(experiment, workflow).map(({ id }) => id)
    const lacking = named.filter((name) => !ids.includes(name)).map((name) => `\`${name}\``)
    if (lacking.length === 0) return []
    const message = `gate \`${text}\`: \`${workflow}\` is not tried with ${lacking.join(' and ')}`
    return [{ message, help: 'begin the gate with the workflow that it is for: `support-bot: B >= A`' }]
  })
}
