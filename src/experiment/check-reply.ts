import { z } from 'zod'
import { broken } from './check-finding.ts'
import type { Finding } from './check-finding.ts'
import { shown } from './check-finding.ts'

/** From which score on an answer passes when a function gives nothing but a number. */
const passingScore = 0.5

const share = z.number().min(0).max(1)
const replySchema = z
  .object({
    pass: z.boolean().optional(),
    passed: z.boolean().optional(),
    score: share.optional(),
    reason: z.string().optional(),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .refine(({ pass, passed, score }) => (pass ?? passed ?? score) !== undefined)

/**
 * What a function of a user gave back: a truth value, a score from 0 to 1 (passed from 0.5 on), or an object
 * `{ pass, score, reason }` with at least one of the first two. Anything else is a defect of the function.
 */
export function findingOfReply(reply: unknown, who: string): Finding {
  if (typeof reply === 'boolean') return judged({ pass: reply })
  if (share.safeParse(reply).success) return judged({ score: reply as number })
  const parsed = replySchema.safeParse(reply)
  if (parsed.success) return judged({ ...parsed.data, pass: parsed.data.pass ?? parsed.data.passed })
  return broken(
    `${who} gave ${shown(reply)}; expected true, false, a score from 0 to 1, or { pass, score, reason } with one of the first two`,
  )
}

interface Reply {
  readonly pass?: boolean | undefined
  readonly score?: number | undefined
  readonly reason?: string | undefined
  readonly details?: Readonly<Record<string, unknown>> | undefined
}

function judged({ pass, score, reason, details }: Reply): Finding {
  const passed = pass ?? (score ?? 0) >= passingScore
  const counted = score ?? (passed ? 1 : 0)
  return {
    kind: 'judged',
    score: counted,
    passed,
    reason: reason ?? (score === undefined ? `the function says ${passed ? 'yes' : 'no'}` : `the score is ${score}`),
    telling: reason !== undefined,
    details,
  }
}
