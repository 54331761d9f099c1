import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api'
import type { Context, Span, SpanOptions } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { GreenloopError } from '../domain/errors.ts'
import type { ModelCall } from '../domain/generation.ts'
import type { Progress } from '../domain/progress.ts'
import type { RunEnding } from '../domain/stored-run.ts'
import { after, now } from '../lib/clock.ts'
import { tool } from '../report/tool.ts'
import type { RunSpan, TelemetryEnv, TracedRun } from './telemetry.ts'

/** The span of a run, and how it ends; ending sends everything and never fails. */
export interface OpenedRunSpan {
  readonly span: RunSpan
  end(ending: RunEnding): Promise<void>
  fail(error: unknown): Promise<void>
}

/** A collector that does not answer holds a run up for so long at most. */
const flushMs = 3000

/** Begins the span of a run, below the one that TRACEPARENT names. */
export function openRunSpan(run: TracedRun, env: TelemetryEnv): OpenedRunSpan {
  const provider = openProvider(env)
  const tracer = provider.getTracer(tool.name, tool.version)
  const attributes = { 'greenloop.run.id': run.id, 'greenloop.run.kind': run.kind, 'greenloop.run.title': run.title }
  const root = tracer.startSpan(`run ${run.kind}`, { attributes }, parentOf(env))
  const within = trace.setSpan(ROOT_CONTEXT, root)
  const phases = openPhases((name, options, parent) => {
    return tracer.startSpan(name, options, parent === undefined ? within : trace.setSpan(ROOT_CONTEXT, parent))
  })
  const close = async (): Promise<void> => {
    phases.close()
    root.end()
    await sendAll(provider)
  }
  return {
    span: {
      event: (kind, data) => {
        if (kind === 'problem') root.addEvent('problem', { message: textOf(data, 'message') })
        if (kind === 'step') root.addEvent('step', { text: textOf(data, 'text') })
        if (kind !== 'generated') return
        const calls = (data as { readonly calls?: readonly ModelCall[] } | undefined)?.calls ?? []
        phases.generated(calls)
      },
      progress: (progress) => phases.progress(progress),
      env: { TRACEPARENT: traceparentOf(root) },
    },
    end: async ({ state, verdict, exitCode, reason }) => {
      root.setAttribute('greenloop.run.state', state)
      if (verdict !== undefined) root.setAttribute('greenloop.run.verdict', verdict)
      if (exitCode !== undefined) root.setAttribute('greenloop.run.exit_code', exitCode)
      if (state !== 'finished') root.setStatus({ code: SpanStatusCode.ERROR, message: reason ?? state })
      await close()
    },
    fail: async (error) => {
      const type = error instanceof GreenloopError ? error.code : 'internal'
      root.setAttribute('error.type', type)
      root.setStatus({ code: SpanStatusCode.ERROR, message: type })
      await close()
    },
  }
}

type StartSpan = (name: string, options: SpanOptions, parent?: Span) => Span

/** Phases of a run as they follow each other: a script is written, tests run, and reports are made of it. */
function openPhases(start: StartSpan) {
  const beganAt = now()
  let tests: Span | undefined
  let isOver = false
  let report: Span | undefined
  const counts: Record<string, number> = {}
  const ofTests = (progress: Extract<Progress, { kind: 'test' }>): void => {
    counts['attempts'] = (counts['attempts'] ?? 0) + 1
    counts[progress.outcome] = (counts[progress.outcome] ?? 0) + 1
    counts['total'] = progress.total
  }
  const endTests = (verdict?: string): void => {
    for (const [name, count] of Object.entries(counts)) tests?.setAttribute(`greenloop.tests.${name}`, count)
    if (verdict !== undefined) tests?.setAttribute('greenloop.run.verdict', verdict)
    tests?.end()
    tests = undefined
  }
  return {
    generated: (calls: readonly ModelCall[]): void => {
      const generate = start('generate', { startTime: beganAt })
      // The record holds how long each call took, and the last has only just ended.
      let end = now()
      for (const call of calls.toReversed()) {
        const startTime = end - call.durationMs
        modelCall((name, options) => start(name, options, generate), call, { startTime, end })
        end = startTime
      }
      generate.end()
    },
    progress: (progress: Progress): void => {
      if (isOver) return
      if (progress.kind === 'started') tests ??= start('tests', {})
      if (progress.kind === 'test') ofTests(progress)
      if (progress.kind !== 'finished') return
      isOver = true
      endTests(progress.verdict)
      report = start('report', {})
    },
    close: (): void => {
      endTests()
      report?.end()
    },
  }
}

/** A call by the conventions for generative models. */
function modelCall(
  start: StartSpan,
  { provider, model, outcome, usage, error }: ModelCall,
  { startTime, end }: { readonly startTime: number; readonly end: number },
): void {
  const span = start(`chat ${model}`, {
    startTime,
    kind: SpanKind.CLIENT,
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': provider,
      'gen_ai.request.model': model,
      'gen_ai.usage.input_tokens': usage.inputTokens,
      'gen_ai.usage.output_tokens': usage.outputTokens,
      ...(error === undefined ? {} : { 'error.type': error }),
    },
  })
  if (outcome === 'failed') span.setStatus({ code: SpanStatusCode.ERROR, message: error ?? outcome })
  span.end(end)
}

function openProvider(env: TelemetryEnv): BasicTracerProvider {
  const own = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']
  const url = own || `${(env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '').replace(/\/+$/, '')}/v1/traces`
  const headers = pairs(env['OTEL_EXPORTER_OTLP_TRACES_HEADERS'] ?? env['OTEL_EXPORTER_OTLP_HEADERS'])
  const exporter = new OTLPTraceExporter({ url, headers, timeoutMillis: flushMs })
  const resource = resourceFromAttributes({
    'service.name': tool.name,
    'service.version': tool.version,
    ...pairs(env['OTEL_RESOURCE_ATTRIBUTES']),
    ...(env['OTEL_SERVICE_NAME'] ? { 'service.name': env['OTEL_SERVICE_NAME'] } : {}),
  })
  return new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(exporter)] })
}

/** `a=1,b=2`, values in the encoding of URLs. */
function pairs(text = ''): Record<string, string> {
  const found = [...text.matchAll(/([^=,\s]+)\s*=\s*([^,]*)/g)]
  return Object.fromEntries(found.map(([, name = '', value = '']) => [name, decoded(value.trim())]))
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

function parentOf(env: TelemetryEnv): Context {
  const [, traceId, spanId, flags] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(env['TRACEPARENT'] ?? '') ?? []
  if (traceId === undefined || spanId === undefined) return ROOT_CONTEXT
  const traceFlags = Number.parseInt(flags ?? '', 16) & TraceFlags.SAMPLED
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true })
}

function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
}

function textOf(data: unknown, key: string): string {
  const value = typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>)[key] : undefined
  return typeof value === 'string' ? value : ''
}

async function sendAll(provider: BasicTracerProvider): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = after(flushMs, resolve)
  // A collector that is away costs the spans and nothing else.
  await Promise.race([provider.shutdown().catch(() => {}), late])
  timer.cancel()
}
