import type { RunStore } from '../domain/stored-run.ts'
import type { Database } from './database.ts'
import { createDocumentStore } from './documents.ts'
import { openJournal } from './journal.ts'
import { cancelRun, claimRun, endRun, renewRun } from './ownership.ts'
import type { Processes } from './ownership.ts'
import { pruneRuns } from './prune.ts'
import { countTasks, eventsAfter, eventsOfKinds, resultPage } from './results.ts'
import { createRun, findRun, listRuns } from './runs.ts'
import { addTasks, sealRun, unfinishedTasks } from './tasks.ts'
import { createTaskViews } from './task-views.ts'

/** The store of runs on any database; looking for damage is the databases' own affair. */
export function createRunStore(database: Database, processes: Processes): Omit<RunStore, 'check' | 'close'> {
  return {
    create: (run) => createRun(database, run),
    find: (id) => findRun(database, id),
    list: (filter) => listRuns(database, filter),
    async addTasks(runId, firstSeq, tasks) {
      await database.transaction((sql) => addTasks(sql, { runId, firstSeq, tasks }))
    },
    seal: (runId, taskCount) => database.transaction((sql) => sealRun(sql, runId, taskCount)),
    claim: (id, owner, leaseMs) => claimRun(database, id, { owner, leaseMs, isAlive: processes.isAlive }),
    renew: (id, epoch, leaseMs) => renewRun(database, { id, epoch }, leaseMs),
    end: (id, ending, epoch) => endRun(database, id, { ...ending, epoch }),
    requestCancel: (id, reason) => cancelRun(database, { id, reason }, processes),
    unfinished: (runId, afterSeq, limit) => unfinishedTasks(database, { runId, afterSeq, limit }),
    journal: (runId, epoch) => openJournal({ database, runId, epoch }),
    counts: (runId) => countTasks(database, runId),
    results: (runId, page) => resultPage(database, runId, page),
    events: (runId, afterSeq, limit) => eventsAfter(database, { runId, afterSeq, limit }),
    eventsOfKinds: (runId, page) => eventsOfKinds(database, runId, page),
    prune: (rule) => pruneRuns(database, rule),
    documents: createDocumentStore(database),
    views: createTaskViews(database),
  }
}
