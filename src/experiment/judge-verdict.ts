import { z } from 'zod'

/** Which verdict is asked for. */
export type VerdictKind =
  | { readonly type: 'binary' }
  /** Points from 1 to `most`. */
  | { readonly type: 'points'; readonly most: number }
  | { readonly type: 'preference' }

/** A verdict that could be read. */
export interface Verdict {
  readonly reasoning: string
  /** `pass`, `fail`, `first`, `second`, `tie`, or points. */
  readonly verdict: string | number
}

/** A verdict, or why the reply holds none. */
export type ReadVerdict = { readonly verdict: Verdict } | { readonly fault: string }

const reasoning = z.string().trim().min(1)

function schemaOf(kind: VerdictKind): z.ZodType<Readonly<Record<string, unknown>>> {
  switch (kind.type) {
    case 'binary':
      return z.strictObject({ reasoning, verdict: z.enum(['pass', 'fail']) })
    case 'points':
      return z.strictObject({ reasoning, points: z.int().min(1).max(kind.most) })
    case 'preference':
      return z.strictObject({ reasoning, verdict: z.enum(['first', 'second', 'tie']) })
  }
}

/**
 * Reads the JSON object of a verdict. Thoughts in `<think>` before it, a fence and prose around it are left aside.
 * `reasoning` has to stand before the verdict, so that the reasons are not made up for it.
 */
export function readVerdict(reply: string, kind: VerdictKind): ReadVerdict {
  const said = reply.replace(/^[\s\S]*<\/think>/u, '')
  const text = said.slice(said.indexOf('{'), said.lastIndexOf('}') + 1)
  const json = parsed(text)
  if (json === undefined) return { fault: 'it is no JSON object' }
  const checked = schemaOf(kind).safeParse(json)
  if (!checked.success) return { fault: checked.error.issues.map(faultOf).join('; ') }
  if (Object.keys(json)[0] !== 'reasoning') return { fault: '`reasoning` has to stand before the verdict' }
  const { verdict, points } = checked.data
  return { verdict: { reasoning: String(checked.data['reasoning']), verdict: (verdict ?? points) as string | number } }
}

function faultOf({ path, message }: z.core.$ZodIssue): string {
  return path.length === 0 ? message : `\`${path.join('.')}\`: ${message}`
}

function parsed(text: string): object | undefined {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
