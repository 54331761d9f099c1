import type { Execution } from '../domain/run.ts'

/** Benchmarks of a run with what they were measured on; an empty list where there were none. Times in seconds. */
export function toBench(execution: Execution) {
  return {
    schema: 'greenloop.bench/v1',
    runId: execution.runId,
    framework: execution.framework,
    frameworkVersion: execution.frameworkVersion,
    interpreter: execution.interpreter,
    sandbox: execution.sandbox.tier,
    environment: execution.environment,
    benchmarks: execution.benchmarks,
  }
}
