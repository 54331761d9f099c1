import { tryPatch } from './patch-check.ts'
import { answerTasks } from './thread-answers.ts'

answerTasks(tryPatch)
