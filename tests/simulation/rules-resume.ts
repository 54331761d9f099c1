import { parsePolicy } from '../../src/domain/policy.ts'
import { entriesOf } from './observed.ts'
import type { Breach } from './rules.ts'
import type { Simulation } from './simulate.ts'

/**
 * After crashes nothing is lost and nothing done again: each task has one result in the journal, a task whose result
 * was on record never began again, and attempts beyond those on record are never more than the policy allows.
 */
export function* resumesWhereItStood({ world, lives, journal }: Simulation): Iterable<Breach> {
  const last = lives.at(-1)?.log ?? []
  const over = entriesOf(last, 'over')[0]
  if (over === undefined || world.receiver === 'keep') return
  const results = new Map<string, number>()
  for (const note of journal.notes) {
    if (note.kind === 'result') results.set(note.result.task.id, (results.get(note.result.task.id) ?? 0) + 1)
    else if (results.has(note.task)) yield { message: `${note.task} was worked on after its result was on record` }
  }
  for (const [id, count] of results) if (count > 1) yield { message: `${id} has ${count} results on record` }
  if (over.sourceExhausted && results.size !== world.count) {
    yield { message: `${results.size} of ${world.count} tasks are on record` }
  }
  yield* attemptsGoOn({ world, lives, journal })
}

function* attemptsGoOn({ world, lives, journal }: Simulation): Iterable<Breach> {
  const { maxAttempts } = parsePolicy(world.policy).retry
  const starts = new Set<string>()
  const ends = new Map<string, number>()
  for (const note of journal.notes) {
    if (note.kind === 'start') {
      const key = `${note.task}/${note.number}`
      if (starts.has(key)) yield { message: `${key} began twice` }
      starts.add(key)
    } else if (note.kind === 'attempt') ends.set(note.task, (ends.get(note.task) ?? 0) + 1)
  }
  for (const [id, count] of ends) {
    if (count > maxAttempts + lives.length - 1) yield { message: `${count} attempts at ${id} were followed by another` }
  }
}
