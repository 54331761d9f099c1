import type { ReportedTest } from '../domain/forge.ts'
import { readTests } from './dev-job-tests.ts'
import type { DevPipeline } from './dev-records.ts'
import { latestJobs } from './dev-world.ts'
import type { DevWorld } from './dev-world.ts'

const cacheMs = 120_000

/** Test reports of pipelines in GitLab's shape, from the newest try of each job. An awkward host keeps each for two minutes. */
export function createTestReports(world: DevWorld) {
  const kept = new Map<number, { readonly until: number; readonly report: Awaited<ReturnType<typeof build>> }>()
  const whole = async (pipeline: DevPipeline): ReturnType<typeof build> => {
    const known = kept.get(pipeline.id)
    if (known !== undefined && world.clock.now() < known.until) return known.report
    const report = await build(world, pipeline)
    if (world.isAwkward) kept.set(pipeline.id, { until: world.clock.now() + cacheMs, report })
    return report
  }
  const summary = async (pipeline: DevPipeline) => {
    const { test_suites: suites, ...totals } = await whole(pipeline)
    const counts = {
      time: totals.total_time,
      count: totals.total_count,
      success: totals.success_count,
      failed: totals.failed_count,
      skipped: totals.skipped_count,
      error: totals.error_count,
      suite_error: null,
    }
    return { total: counts, test_suites: suites.map((suite) => ({ ...suite, test_cases: undefined })) }
  }
  return { whole, summary }
}

async function build(world: DevWorld, pipeline: DevPipeline) {
  const suites = new Map<string, { readonly tests: ReportedTest[]; readonly builds: Set<number> }>()
  for (const job of latestJobs(world, pipeline.id)) {
    for (const test of await readTests(world, job.id)) {
      const suite = suites.get(test.suite) ?? { tests: [], builds: new Set() }
      suites.set(test.suite, suite)
      suite.tests.push(test)
      suite.builds.add(job.id)
    }
  }
  const all = [...suites.values()].flatMap(({ tests }) => tests)
  return {
    ...counts(all),
    test_suites: [...suites].map(([name, { tests, builds }]) => ({
      name,
      ...counts(tests),
      build_ids: [...builds],
      suite_error: null,
      test_cases: tests.map(testCase),
    })),
  }
}

function counts(tests: readonly ReportedTest[]) {
  const count = (wanted: ReportedTest['status']): number => tests.filter(({ status }) => status === wanted).length
  return {
    total_time: 0,
    total_count: tests.length,
    success_count: count('success'),
    failed_count: count('failed'),
    skipped_count: count('skipped'),
    error_count: count('error'),
  }
}

function testCase({ status, name, classname, file, output }: ReportedTest) {
  return {
    status,
    name,
    classname,
    file: file ?? null,
    execution_time: 0,
    system_output: output ?? null,
    stack_trace: null,
    recent_failures: null,
    attachment_url: null,
  }
}
