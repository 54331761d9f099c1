const maxSteps = 100_000

/**
 * Whether a path with forward slashes fits a glob: `*` and `?` within a part, `**` for any number of parts. Work is bounded;
 * a glob that would need more fits nothing.
 */
export function globFits(glob: string, path: string): boolean {
  const steps = { left: maxSteps }
  return partsFit(glob.split('/'), path.split('/'), steps)
}

function partsFit(globs: readonly string[], parts: readonly string[], steps: { left: number }): boolean {
  const after = (glob: string, at: number): number[] => {
    if (glob === '**')
      return parts
        .slice(at)
        .map((_, index) => at + index)
        .concat(parts.length)
    return at < parts.length && partFits(glob, parts[at] ?? '', steps) ? [at + 1] : []
  }
  let reach: readonly number[] = [0]
  for (const glob of globs) reach = [...new Set(reach.flatMap((at) => after(glob, at)))]
  return reach.includes(parts.length)
}

/** The usual walk with one place to go back to: at most glob × text steps. */
function partFits(glob: string, text: string, steps: { left: number }): boolean {
  let [at, from] = [0, 0]
  let [star, mark] = [-1, 0]
  while (from < text.length) {
    if (steps.left-- <= 0) return false
    if (at < glob.length && (glob[at] === '?' || (glob[at] === text[from] && glob[at] !== '*'))) {
      at++
      from++
    } else if (glob[at] === '*') {
      star = at++
      mark = from
    } else if (star !== -1) {
      at = star + 1
      from = ++mark
    } else return false
  }
  while (glob[at] === '*') at++
  return at === glob.length
}
