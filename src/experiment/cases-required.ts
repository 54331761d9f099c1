import type { CaseSpec } from '../domain/case.ts'
import type { Variant } from '../domain/experiment.ts'
import type { Workflow } from '../domain/workflow.ts'

/**
 * Names of the required parameters that a case gives no value for. What every variant gives, and files, count as given;
 * a conversation may give a value with its first turn.
 */
export function missingTest(workflow: Workflow, variants: readonly Variant[]): (spec: CaseSpec) => readonly string[] {
  const required = workflow.parameters
    .filter(({ required }) => required)
    .map(({ name }) => name)
    .filter((name) => !variants.every(({ inputs }) => Object.hasOwn(inputs, name)))
  if (required.length === 0) return () => []
  return ({ inputs, files, turns }) => {
    const [turn] = turns ?? []
    const given = { ...inputs, ...turn?.inputs }
    const withFile = new Set([...files, ...(turn?.files ?? [])].map(({ input }) => input))
    return required.filter((name) => given[name] === undefined && !withFile.has(name))
  }
}
