import type { Selection } from '../domain/ports.ts'
import type { ProcessRecord } from '../domain/run.ts'
import type { Aftermath } from './aftermath.ts'
import type { RunContext, Task } from './context.ts'
import { report } from './context.ts'
import { halve } from './divide.ts'
import { listTestFiles } from './test-files.ts'

/** How often the same work may end without a single result before it is cut in halves or given up. */
const maxStalls = 1
/** Processes that follow on others are bounded by the results they bring; this bounds what escapes that rule. */
const maxProcesses = 5000

/** Plans the processes that bring the missing results of a task whose process is over. */
export async function followUps(task: Task, aftermath: Aftermath, context: RunContext): Promise<readonly Task[]> {
  const { remainder, suspects, casualties, isBlind } = aftermath
  const alone = suspects.map((id) => next({ kind: 'ids', ids: [id] }, 0, context))
  if (isBlind && task.select.kind === 'paths') return await splitPaths(task, context)
  if (remainder.length === 0) return alone
  const isProgress = casualties.length > 0 || suspects.length > 0 || aftermath.finished > 0
  if (isProgress) return [...alone, next({ kind: 'ids', ids: remainder }, 0, context)]
  return splitIds(task, remainder, context)
}

function next(select: Selection, stalls: number, context: RunContext, purpose: ProcessRecord['purpose'] = 'remainder'): Task {
  return { number: context.nextNumber(), purpose, select, stalls }
}
