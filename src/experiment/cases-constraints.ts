/** Quoted texts come first, so that brackets inside them are not taken for names. */
const piece =
  /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\[((?:\\.|[^\]\\\n])*)\]|is(?:negative|positive)\s*\(\s*([^)\n[]*)\)/giu

/**
 * Names of the parameters that a constraint speaks of, as they are written there: `[name]` in a text, the members
 * `parameter` and `other` of a condition.
 */
export function namesOf(constraint: unknown): readonly string[] {
  if (typeof constraint === 'string')
    return [...constraint.matchAll(piece)].flatMap(([, bracketed, called]) => {
      const name = (bracketed ?? called ?? '').replaceAll(/\\(.)/gu, '$1').trim()
      return name === '' ? [] : [name]
    })
  if (typeof constraint !== 'object' || constraint === null) return []
  return Object.entries(constraint).flatMap(([key, member]: [string, unknown]) => {
    if (typeof member === 'string') return key === 'parameter' || key === 'other' ? [member.trim()] : []
    return namesOf(member)
  })
}

/** Whether any of the constraints speaks of a parameter; upper and lower case are the same. */
export function nameTest(constraints: readonly unknown[]): (name: string) => boolean {
  const named = new Set(constraints.flatMap(namesOf).map((name) => name.toLowerCase()))
  return (name) => named.has(name.trim().toLowerCase())
}
