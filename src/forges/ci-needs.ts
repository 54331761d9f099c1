import { missingNeed } from './ci-problems.ts'

/** A job with what it waits for. */
interface Waiting {
  readonly name: string
  readonly when: string
  readonly needs?: readonly { readonly job: string; readonly optional: boolean }[] | null | undefined
}

/** Needs that cannot be met, as GitLab words them: of jobs that are not there, and round in a circle. */
export function needsProblems(jobs: readonly Waiting[]): readonly string[] {
  const there = jobs.filter((job) => job.when !== 'never')
  const names = new Set(there.flatMap(({ name }) => [name, name.slice(0, Math.max(0, name.lastIndexOf(': [')))]))
  const missing = there.flatMap((job) =>
    (job.needs ?? [])
      .filter((need) => !need.optional && !names.has(need.job))
      .map((need) => missingNeed(job.name, need.job)),
  )
  return [...missing, ...circles(there)]
}

function circles(jobs: readonly Waiting[]): string[] {
  const waits = new Map(jobs.map((job) => [job.name, new Set((job.needs ?? []).map((need) => need.job))]))
  const self = jobs.find((job) => waits.get(job.name)?.has(job.name))
  if (self !== undefined) return [`The pipeline has circular dependencies: self-dependency: ${self.name}`]
  for (let before = -1; before !== waits.size;) {
    before = waits.size
    for (const [name, needs] of waits) if (![...needs].some((need) => waits.has(need))) waits.delete(name)
  }
  return waits.size === 0 ? [] : [`The pipeline has circular dependencies: ${[...waits.keys()].join(', ')}`]
}
