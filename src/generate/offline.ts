import type { Plan } from '../domain/plan.ts'
import { draftCases } from './offline-draft.ts'
import { draftEndpoints } from './offline-endpoints.ts'
import { jsImportLine, writeJavaScript } from './offline-javascript.ts'
import { pyImportLine, writePytest } from './offline-pytest.ts'
import { uniqueNamer } from './slug.ts'

/** A script written by rule. `notes` name what was left open and why. */
export interface OfflineScript {
  readonly code: string
  readonly notes: readonly string[]
}

/**
 * Writes a test script for a plan without any model: real calls and requests, expectations only where the suite or a
 * schema states them, a skipped test with the reason where it does not. Same plan, same bytes.
 */
export function writeOffline(plan: Plan): OfflineScript {
  const unique = uniqueNamer()
  const tests = [...draftCases(plan, unique), ...draftEndpoints(plan, unique)]
  const code = plan.framework === 'pytest' ? writePytest(plan, tests) : writeJavaScript(plan, tests)
  const gaps = tests.flatMap((test) => (test.gap === undefined ? [] : [`${test.caseId ?? test.title}: ${test.gap}`]))
  return { code, notes: gaps }
}

/** Line that imports the module under test in a plan's script; empty where the target names none. */
export function moduleImport(plan: Plan): string {
  if (plan.target.module === undefined) return ''
  return plan.framework === 'pytest' ? pyImportLine(plan) : jsImportLine(plan)
}
