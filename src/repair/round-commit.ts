/** Name of the trailer that each commit of a run carries. */
const trailer = 'Greenloop-Run'

/** Trailers of the commit of a round; 0 is the one that brings files in. */
export function trailersOf(runId: string, round: number): Readonly<Record<string, string>> {
  return { [trailer]: `${runId}/${round}` }
}

/** Round of this run that a commit belongs to; `undefined` for commits of others. */
export function roundOfTrailer(trailers: Readonly<Record<string, string>>, runId: string): number | undefined {
  const value = trailers[trailer]
  if (value?.startsWith(`${runId}/`) !== true) return undefined
  const number = value.slice(runId.length + 1)
  return /^\d{1,4}$/.test(number) ? Number(number) : undefined
}
