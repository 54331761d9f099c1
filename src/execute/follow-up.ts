import type { Selection } from '../domain/ports.ts'
import type { Aftermath } from './aftermath.ts'
import { report } from './context.ts'
import type { RunContext, Task } from './context.ts'
import { halve } from './divide.ts'
import { listTestFiles } from './test-files.ts'

/** How often the same work may end without a single result before it is cut in halves or given up. */
const maxStalls = 1
/** Every follow-up brings a result or is smaller than what it follows; this is the bound behind those bounds. */
const maxFollowUps = 5000
const maxNamed = 10

/** Plans the processes that bring the missing results of a task whose process is over. */
export async function followUps(task: Task, aftermath: Aftermath, context: RunContext): Promise<readonly Task[]> {
  const { remainder, suspects, lostFiles, isBlind, isProgress } = aftermath
  if (context.findings.processes.length > maxFollowUps)
    return giveUp([...remainder, ...suspects, ...lostFiles], context)
  if (isBlind && task.select.kind === 'paths' && lostFiles.length === 0) return await splitPaths(task.select, context)
  const others = lostFiles.length === 0 ? [] : againFor(lostFiles, task, context)
  const alone = suspects.map((id) => followUp({ kind: 'ids', ids: [id] }, 0, context))
  if (remainder.length === 0) return [...alone, ...others]
  if (!isProgress) return [...splitIds(remainder, task.stalls, context), ...others]
  return [...alone, followUp({ kind: 'ids', ids: remainder }, 0, context), ...others]
}

/** Files that a process had announced and did not get to: together, and where that brings no file either, in halves. */
function againFor(files: readonly string[], { purpose, select }: Task, context: RunContext): readonly Task[] {
  const isStuck = purpose === 'remainder' && select.kind === 'paths' && files.length >= select.paths.length
  return isStuck ? halved(files, context) : [followUp({ kind: 'paths', paths: files }, 0, context)]
}

/** A process that ends while it collects is cut in halves until the file to blame stands alone. */
async function splitPaths(
  select: Extract<Selection, { kind: 'paths' }>,
  context: RunContext,
): Promise<readonly Task[]> {
  const { findings, request } = context
  if (select.shard !== undefined) {
    // The shares of the others were cut from the same whole, so the whole is run again, once for all of them; tests
    // that another process has already claimed stay with that process.
    if (findings.isUnsharded) return []
    findings.isUnsharded = true
  }
  const files = await listTestFiles({ cwd: request.cwd, framework: request.framework, paths: select.paths })
  return halved(files, context)
}

function halved(files: readonly string[], context: RunContext): readonly Task[] {
  const halves = halve(files)
  if (halves !== undefined) return halves.map((paths) => followUp({ kind: 'paths', paths }, 0, context))
  const file = files[0] ?? 'the selection'
  const message = `${file} has no results, for every process ends before it has told what is in it`
  report(context, { kind: 'results_lost', message, file })
  return []
}

function splitIds(ids: readonly string[], stalls: number, context: RunContext): readonly Task[] {
  if (stalls < maxStalls) return [followUp({ kind: 'ids', ids }, stalls + 1, context)]
  const halves = halve(ids)
  if (halves === undefined) return giveUp(ids, context)
  return halves.map((half) => followUp({ kind: 'ids', ids: half }, stalls, context))
}

function giveUp(ids: readonly string[], context: RunContext): readonly Task[] {
  const named = ids.slice(0, maxNamed).join(', ')
  const more = ids.length > maxNamed ? ` and ${ids.length - maxNamed} more` : ''
  const message = `no process brought a result for ${named}${more}`
  report(context, { kind: 'results_lost', message })
  return []
}

function followUp(select: Selection, stalls: number, context: RunContext): Task {
  return { number: context.nextNumber(), purpose: 'remainder', select, stalls }
}
