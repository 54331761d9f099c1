/**
 * Greenloop as a library: the same functions the command line uses. Every function that reads files or starts processes
 * takes its surroundings (folder, environment, signal) by argument and throws {@link GreenloopError} alone.
 *
 * @packageDocumentation
 */
export { combine } from './app/combine.ts'
export type { Combined } from './app/combine.ts'
export type { CombinationInput } from './combine/json-schema.ts'
export type { Combination, CombineOptions } from './combine/options.ts'
export { generateTests, runPipeline } from './app/pipeline.ts'
export type { PipelineInput, PipelineResult, Validated } from './app/pipeline.ts'
export { buildManifests, compareVariants, executeManifest, generateCases, loadPlan } from './app/experiment-api.ts'
export type {
  CasesByWorkflow,
  CompareVariantsOptions,
  ExecuteManifestOptions,
  FilePlace,
  MakingOptions,
} from './app/experiment-api.ts'
export { runTests } from './app/run.ts'
export type { RunInput } from './app/run.ts'
export type { Reported } from './app/execution.ts'
export type { Generated, GenerationInput } from './app/generation.ts'
export type { Flags, Surroundings } from './app/surroundings.ts'
export { loadSuite, loadSuiteFile, parseSuite } from './config/suite-file.ts'
export type { SuiteFile } from './config/suite-file.ts'
export type { CaseSpec, Scalar, Turn } from './domain/case.ts'
export type { CheckSpec, Score } from './domain/check.ts'
export type { Comparison, GateResult, PairComparison, SuspectInteraction, VariantSummary } from './domain/comparison.ts'
export type { Experiment, LoadedPlan } from './domain/experiment.ts'
export type { RunManifest } from './domain/manifest.ts'
export type { TestResult as TrialResult, TrialStatus } from './domain/test-result.ts'
export { parsePolicy } from './domain/policy.ts'
export type { Policy, PolicyInput } from './domain/policy.ts'
export { failed, succeeded, taskStates } from './domain/task.ts'
export type {
  ErrorClass,
  FailureDetails,
  FinalState,
  Handler,
  Reply,
  StopReason,
  Task,
  TaskAttempt,
  TaskContext,
  TaskError,
  TaskResult,
  TaskState,
  TaskStatistics,
  TaskUsage,
} from './domain/task.ts'
export type { StubInput } from './domain/trial.ts'
export { executeTasks } from './engine/execute-tasks.ts'
export type { AttemptsBefore, ExecuteOptions, RunResult, TaskSource } from './engine/execute-tasks.ts'
export { retrying } from './engine/retrying.ts'
export { createScheduler } from './engine/scheduler.ts'
export type { Scheduler, SchedulerState } from './engine/scheduler.ts'
export { createVirtualClock } from './lib/virtual-clock.ts'
export type { VirtualClock } from './lib/virtual-clock.ts'
export { createLimiter } from './lib/limiter.ts'
export type { Limiter, TokenBucket } from './lib/limiter.ts'
export type { ExecuteTask, ModuleTask } from './workflows/module-target.ts'
export { stubHandler } from './workflows/stub.ts'
export { GreenloopError, errorCatalog } from './domain/errors.ts'
export type { ErrorCode, Place, Problem } from './domain/errors.ts'
export type { ExecutionRequest } from './domain/execution-request.ts'
export type { Generation, Script, ScriptFinding } from './domain/generation.ts'
export type { Plan, PlannedEndpoint } from './domain/plan.ts'
export type { Answer, Prompt, Provider } from './domain/ports.ts'
export type { OnProgress, Progress } from './domain/progress.ts'
export type { Attempt, Execution, Outcome, RunVerdict, TestResult, Verdict } from './domain/run.ts'
export type { Case, Endpoint, Framework, Language, Priority, Suite } from './domain/suite.ts'
export { extractCode } from './generate/extract.ts'
export type { Extraction, ExtractOptions, FoundTest } from './generate/extract.ts'
export { planSuite } from './generate/plan.ts'
export type { PlanOptions } from './generate/plan.ts'
export { renderPrompt } from './generate/prompt.ts'
export type { PromptOptions, RenderedPrompt } from './generate/prompt.ts'
export { writeOffline } from './generate/offline.ts'
export type { OfflineScript } from './generate/offline.ts'
export type { Summary } from './report/summary.ts'
