import { compareStored } from './experiment-view-compare.ts'
import type { ComparisonTask } from './experiment-view-comparison.ts'
import { openRunStore } from './store.ts'
import { answerTasks } from './thread-answers.ts'

answerTasks(async ({ storeAt, runId }: ComparisonTask) => {
  const store = await openRunStore(storeAt)
  try {
    return await compareStored(store, runId)
  } finally {
    await store.close()
  }
})
