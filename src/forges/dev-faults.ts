import { z } from 'zod'

const fault = z.union([
  z.strictObject({
    status: z.number().int().min(200).max(599),
    headers: z.record(z.string(), z.string()).optional(),
    body: z.unknown().optional(),
  }),
  z.strictObject({ reset: z.literal(true) }),
  z.strictObject({ delayMs: z.number().min(0).max(600_000) }),
  z.strictObject({ slowBody: z.number().min(1) }),
  z.strictObject({ cutTrace: z.number().int().min(0) }),
  z.strictObject({ afterEffect: z.union([z.number().int().min(200).max(599), z.literal('reset')]) }),
])

const rule = z.strictObject({
  match: z.strictObject({ method: z.string().optional(), path: z.string().max(500) }),
  /** Times it strikes; for ever unless set. */
  times: z.number().int().min(1).optional(),
  /** Requests that fit and are let through first. */
  skip: z.number().int().min(0).optional(),
  fault,
})

/** What `POST /_dev/faults` takes: rules that take the place of those before. */
export const faultRules = z.strictObject({ rules: z.array(rule).max(1000) })

/** What goes wrong with a request. */
export type Fault = z.infer<typeof fault>
/** When something goes wrong. */
type FaultRule = z.infer<typeof rule>

/** The rules in force, with what they have used up. */
export interface Faults {
  set(rules: readonly FaultRule[]): void
  /** What goes wrong with this request; the first rule that fits and is not used up counts it. */
  next(method: string, path: string): Fault | undefined
}

/** No fault until some are set. */
export function createFaults(): Faults {
  let rules: { rule: FaultRule; skip: number; times: number }[] = []
  return {
    set: (given) => {
      rules = given.map((rule) => ({ rule, skip: rule.skip ?? 0, times: rule.times ?? Infinity }))
    },
    next: (method, path) => {
      for (const entry of rules) {
        const { match, fault } = entry.rule
        if (entry.times <= 0 || (match.method ?? method).toUpperCase() !== method || !fits(match.path, path)) continue
        if (entry.skip-- > 0) continue
        entry.times--
        return fault
      }
      return undefined
    },
  }
}

/** Whether a path fits a glob: `*` for anything but a slash, `**` for anything. Linear in the product of both lengths. */
export function fits(glob: string, path: string): boolean {
  const parts = glob.split(/(\*\*|\*)/).filter((part) => part !== '')
  let places = new Set([0])
  for (const part of parts) {
    const next = new Set<number>()
    for (const place of places) {
      if (part === '*' || part === '**') spread(next, place, part === '*' ? endOfName(path, place) : path.length)
      else if (path.startsWith(part, place)) next.add(place + part.length)
    }
    places = next
  }
  return places.has(path.length)
}

function endOfName(path: string, from: number): number {
  const slash = path.indexOf('/', from)
  return slash < 0 ? path.length : slash
}

function spread(places: Set<number>, from: number, to: number): void {
  for (let place = from; place <= to; place++) places.add(place)
}
