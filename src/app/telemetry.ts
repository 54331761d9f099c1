import type { Progress } from '../domain/progress.ts'
import type { NewRun, RunEnding } from '../domain/stored-run.ts'

/** A run as telemetry sees it: what is put on record of it, and what is told of its tests. */
export interface RunSpan {
  /** An event that is put on record. */
  event(kind: string, data: unknown): void
  progress(progress: Progress): void
  /** Variables that let processes of this run continue its trace; none where telemetry is off. */
  readonly env: Readonly<Record<string, string>>
}

/** A run that is traced, free of secrets. */
export type TracedRun = Pick<NewRun, 'id' | 'kind' | 'title'>

/** Environment of this process. */
export type TelemetryEnv = Readonly<Record<string, string | undefined>>

const silent: RunSpan = { event: () => {}, progress: () => {}, env: {} }

/** Whether spans are sent: an endpoint is named and nobody has switched it off. */
function isTraced(env: TelemetryEnv): boolean {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none') return false
  return Boolean(env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT'])
}

/**
 * Does the work of a run within a span of its own, and sends the spans when it is over. Where no endpoint is named nothing is loaded.
 * Trouble with telemetry never gets into the run.
 */
export async function withRunSpan<T>(
  run: TracedRun,
  env: TelemetryEnv,
  { work, ending }: { readonly work: (span: RunSpan) => Promise<T>; readonly ending: (result: T) => RunEnding },
): Promise<T> {
  if (!isTraced(env)) return work(silent)
  const { openRunSpan } = await import('./telemetry-spans.ts')
  const opened = openRunSpan(run, env)
  try {
    const result = await work(opened.span)
    await opened.end(ending(result))
    return result
  } catch (error) {
    await opened.fail(error)
    throw error
  }
}
