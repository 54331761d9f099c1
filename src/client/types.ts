export type { ApiProblem, ProblemEntry, Scope } from '../domain/api-common.ts'
export type {
  ApiDelivery,
  ApiModel,
  ApiSecret,
  ApiSession,
  ApiSystem,
  ApiToken,
  ApiWebhook,
  AuditEntry,
  NewToken,
} from '../domain/api-admin.ts'
export type { ApiComparison, ApiMatrix, MatrixCell } from '../domain/api-experiment.ts'
export type {
  ApiCombination,
  ApiPlanDetail,
  ApiSuite,
  ApiSuiteDetail,
  PlanPreview,
  SuiteCheck,
} from '../domain/api-files.ts'
export type { ApiRepair } from '../domain/api-repair.ts'
export type {
  ApiArtifact,
  ApiAttempt,
  ApiLog,
  ApiRun,
  ApiRunDetail,
  ApiRunEvent,
  ApiTask,
  ApiTaskDetail,
  RunProgress,
} from '../domain/api-run.ts'
export type { Answer, OperationId, Sent } from './routes.ts'
