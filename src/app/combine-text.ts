import { formatStatistics } from '../combine/coverage-text.ts'
import { formatLocalisation } from '../combine/localise-text.ts'
import { formatVerification } from '../combine/verify-text.ts'
import type { CombineResult, LocaliseResult, VerifyResult } from './combine.ts'

/** Size, lower bound and coverage by row. */
export function statisticsText({ growth, combination }: CombineResult): string {
  return formatStatistics({ growth, total: combination.tuples.covered, lowerBound: combination.lowerBound })
}

/** What rows cover, and what is missing. */
export function verificationText({ verification, model, lines }: VerifyResult): string {
  return formatVerification(verification, model, lines)
}

/** Suspects in their order, and the rows to run next. */
export function localisationText({ localisation, model }: LocaliseResult): string {
  return formatLocalisation(localisation, model)
}
