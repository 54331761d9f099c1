/**
 * Trials against one local workflow server: ours, promptfoo from npm, and a bare loop of fetch, in turn. The server counts
 * requests, refusals and the time from the first request to the last answer; processor time and memory are those of the
 * processes. promptfoo is installed into a folder of its own on first use (some 400 MB).
 * Run: npm run bench:experiment [scenario …] (all unless named), with ROUNDS=3 and PROMPTFOO=folder in the environment.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { median } from './side-by-side.ts'

const root = resolve(import.meta.dirname, '..')
const rounds = Number(process.env['ROUNDS'] ?? 1)
const peerFolder = process.env['PROMPTFOO'] ?? join(tmpdir(), 'greenloop-bench-promptfoo')
const peerVersion = '0.123.1'

interface Scenario {
  readonly title: string
  readonly calls: number
  readonly width: number
  /** Seconds that no runner can be below. */
  readonly idealSeconds: number
  readonly server: readonly string[]
  /** Lines of our policy. */
  readonly policy: Readonly<Record<string, unknown>>
  /** promptfoo is left out where it would take longer than anybody waits. */
  readonly isPeerLong?: boolean
}

const retry = { max_attempts: 20, backoff_seconds: 0.2 }

const scenarios: Readonly<Record<string, Scenario>> = {
  cap: {
    title: 'at most 5 at a time, 200 ms each, 429 without Retry-After; 200 calls, 20 wanted at a time',
    ...{ calls: 200, width: 20, idealSeconds: 8, server: ['--latency', '200', '--cap', '5'] },
    policy: { concurrency: 20, adaptive: { start: 4 }, retry_policy: retry },
  },
  capwait: {
    title: 'the same with Retry-After: 1',
    ...{ calls: 200, width: 20, idealSeconds: 8, server: ['--latency', '200', '--cap', '5', '--retry-after', '1'] },
    policy: { concurrency: 20, adaptive: { start: 4 }, retry_policy: retry },
  },
  rate: {
    title: '10 a second with a burst of 10, 100 ms each, Retry-After: 1; 200 calls, our limit set to the same',
    ...{ calls: 200, width: 20, idealSeconds: 19 },
    server: ['--latency', '100', '--rate', '10', '--burst', '10', '--retry-after', '1'],
    policy: { concurrency: 20, rate_limit: { per_minute: 600, burst: 10 }, retry_policy: retry },
  },
  twenty: {
    title: '50 ms each; 1,000 calls, 20 at a time',
    ...{ calls: 1000, width: 20, idealSeconds: 2.5, server: ['--latency', '50'], policy: { concurrency: 20 } },
  },
  hundred: {
    title: '50 ms each; 1,000 calls, 100 at a time',
    ...{ calls: 1000, width: 100, idealSeconds: 0.5, server: ['--latency', '50'], policy: { concurrency: 100 } },
  },
  many: {
    title: '50 ms each; 10,000 calls, 50 at a time',
    ...{ calls: 10_000, width: 50, idealSeconds: 10, server: ['--latency', '50'], policy: { concurrency: 50 } },
    isPeerLong: true,
  },
  large: {
    title: '50 ms and 10 KB each; 10,000 calls, 100 at a time',
    ...{ calls: 10_000, width: 100, idealSeconds: 5, policy: { concurrency: 100 } },
    server: ['--latency', '50', '--bytes', '10240'],
    isPeerLong: true,
  },
}

interface Figures {
  readonly spanSeconds: number
  readonly requests: number
  readonly refused: number
  readonly cpuMsPerCall: number
  readonly peakMb: number
  readonly wallSeconds: number
  /** Median latency that the runner reports, in milliseconds. */
  readonly reportedMs?: number | undefined
  readonly serverMs: number
}

interface Contestant {
  readonly name: string
  readonly run: (scenario: Scenario, url: string, folder: string) => { readonly argv: string[]; readonly env?: object }
  readonly reported: (folder: string, stdout: string) => number | undefined
  /** Calls whose answer passed its check. */
  readonly good: (folder: string, stdout: string) => number
}

const contestants: readonly Contestant[] = [
  {
    name: 'greenloop',
    run: ours,
    reported: (_folder, stdout) => ourEstimate(stdout, 'latency')?.quantiles?.p50,
    good: (_folder, stdout) => {
      const rate = ourEstimate(stdout, 'pass_rate')
      return Math.round((rate?.value ?? 0) * (rate?.trials ?? 0))
    },
  },
  {
    name: 'bare loop',
    run: ({ calls, width }, url) => ({
      argv: ['node', join(root, 'bench/experiment-loop.ts'), `${url}/run`, String(calls), String(width)],
    }),
    reported: (_folder, stdout) => (JSON.parse(stdout) as { p50: number }).p50,
    good: (_folder, stdout) => (JSON.parse(stdout) as { done: number }).done,
  },
  {
    name: `promptfoo ${peerVersion}`,
    run: peer,
    reported: (folder) => median(peerResults(folder).map(({ latencyMs }) => latencyMs)),
    good: (folder) => peerResults(folder).filter(({ success }) => success).length,
  },
]

function ours({ calls, policy }: Scenario, url: string, folder: string) {
  const rows = Array.from({ length: calls }, (_, index) => `question ${index}`)
  writeFileSync(join(folder, 'rows.csv'), ['q', ...rows].join('\n'))
  const http = {
    ...{ url: `${url}/run`, body: { inputs: { q: '{{q}}' }, response_mode: 'blocking', user: '{{user}}' } },
    ...{ text: '$.outputs.result', idempotent: true },
  }
  const workflows = [{ id: 'bench', target: 'http', http, parameters: [{ name: 'q' }] }]
  const checks = [{ type: 'contains', value: 'question' }]
  const plan = {
    name: 'bench',
    datasets: [{ name: 'rows', file: 'rows.csv' }],
    evaluation: { checks },
    execution: policy,
  }
  writeFileSync(join(folder, 'workflows.yaml'), JSON.stringify({ workflows }))
  writeFileSync(join(folder, 'test_plan.yaml'), JSON.stringify(plan))
  return { argv: [join(root, 'bin/greenloop'), 'experiment', 'run', 'test_plan.yaml', '--no-progress'] }
}

interface OurEstimate {
  readonly metric: string
  readonly value?: number
  readonly trials: number
  readonly quantiles?: { readonly p50: number }
}

function ourEstimate(stdout: string, wanted: string): OurEstimate | undefined {
  const { comparison } = JSON.parse(stdout) as { comparison: { summaries: { estimates: OurEstimate[] }[] } }
  return comparison.summaries[0]?.estimates.find(({ metric }) => metric === wanted)
}

function peer({ calls, width }: Scenario, url: string, folder: string) {
  const config = {
    prompts: ['{{q}}'],
    providers: [
      {
        id: `${url}/run`,
        config: {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: { inputs: { q: '{{prompt}}' }, response_mode: 'blocking', user: 'bench' },
          transformResponse: 'json.outputs.result',
        },
      },
    ],
    tests: Array.from({ length: calls }, (_, index) => ({
      vars: { q: `question ${index}` },
      assert: [{ type: 'contains', value: 'question' }],
    })),
  }
  writeFileSync(join(folder, 'c.json'), JSON.stringify(config))
  const flags = ['--no-cache', '--no-table', '--no-progress-bar', '--no-share', '-j', String(width)]
  return {
    argv: [join(peerFolder, 'node_modules/.bin/promptfoo'), 'eval', '-c', 'c.json', '-o', 'o.json', ...flags],
    env: {
      PROMPTFOO_DISABLE_TELEMETRY: '1',
      PROMPTFOO_DISABLE_UPDATE: '1',
      PROMPTFOO_CONFIG_DIR: join(folder, 'promptfoo'),
    },
  }
}

interface PeerResult {
  readonly latencyMs: number
  readonly success: boolean
}

function peerResults(folder: string): readonly PeerResult[] {
  const file = join(folder, 'o.json')
  if (!existsSync(file)) return []
  return (JSON.parse(readFileSync(file, 'utf8')) as { results: { results: PeerResult[] } }).results.results
}

interface Stats {
  readonly requests: number
  readonly turnedAway: number
  readonly spanMs: number
  readonly p50Ms: number
}

async function measure(contestant: Contestant, scenario: Scenario): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'greenloop-bench-'))
  const program = join(root, 'tests/support/workflow-server-program.ts')
  const server = spawn('node', [program, ...scenario.server], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [url] = (await once(createInterface({ input: server.stdout }), 'line')) as [string]
    const { argv, env } = contestant.run(scenario, url, folder)
    const start = performance.now()
    const timed = join(folder, 'time')
    const done = spawnSync('/usr/bin/env', ['time', '-f', '%U %S %M', '-o', timed, ...argv], {
      cwd: folder,
      env: { ...process.env, ...env },
      maxBuffer: 1 << 28,
    })
    const wallSeconds = (performance.now() - start) / 1000
    const [user = 0, system = 0, peakKb = 0] =
      readFileSync(timed, 'utf8').trim().split('\n').at(-1)?.split(' ').map(Number) ?? []
    if (done.stdout.length === 0 && done.status !== 0) throw new Error(done.stderr.toString().slice(-2000))
    const stats = (await (await fetch(`${url}/stats`)).json()) as Stats
    const good = contestant.good(folder, done.stdout.toString())
    if (good !== scenario.calls) throw new Error(`${contestant.name}: ${good} of ${scenario.calls} calls passed`)
    return {
      spanSeconds: stats.spanMs / 1000,
      requests: stats.requests,
      refused: stats.turnedAway,
      cpuMsPerCall: ((user + system) * 1000) / scenario.calls,
      peakMb: peakKb / 1024,
      wallSeconds,
      reportedMs: contestant.reported(folder, done.stdout.toString()),
      serverMs: stats.p50Ms,
    }
  } finally {
    server.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

function install(): boolean {
  if (process.env['PROMPTFOO'] === 'off') return false
  if (existsSync(join(peerFolder, 'node_modules/.bin/promptfoo'))) return true
  mkdirSync(peerFolder, { recursive: true })
  writeFileSync(join(peerFolder, 'package.json'), '{"private":true}')
  const wanted = [`promptfoo@${peerVersion}`, `@libsql/${process.platform}-${process.arch}-gnu`]
  console.log(`installing promptfoo ${peerVersion} into ${peerFolder}`)
  const done = spawnSync('npm', ['install', '--omit=optional', ...wanted], { cwd: peerFolder, stdio: 'inherit' })
  return done.status === 0
}

const hasPeer = install()
if (!hasPeer) console.log('promptfoo is not there, so it is left out')
const chosen = process.argv.slice(2).filter((name) => !name.startsWith('-'))
const withLong = process.argv.includes('--with-long')
for (const [name, scenario] of Object.entries(scenarios)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  console.log(`\n${name}: ${scenario.title}; ideal ${scenario.idealSeconds} s`)
  const those = contestants.filter(
    (_, index) => index < 2 || (hasPeer && (scenario.isPeerLong !== true || withLong || chosen.length > 0)),
  )
  const taken = new Map<string, Figures[]>()
  for (let round = 0; round < rounds; round++)
    for (const contestant of those)
      taken.set(contestant.name, [...(taken.get(contestant.name) ?? []), await measure(contestant, scenario)])
  for (const [who, figures] of taken) console.log(line(who, figures, scenario))
}

function line(who: string, figures: readonly Figures[], { idealSeconds }: Scenario): string {
  const middle = (pick: (each: Figures) => number): number => median(figures.map(pick))
  const reported = figures.every(({ reportedMs }) => reportedMs !== undefined)
    ? `, reports p50 ${middle(({ reportedMs }) => reportedMs ?? 0).toFixed(0)} ms (server ${middle(({ serverMs }) => serverMs).toFixed(0)})`
    : ''
  const span = middle(({ spanSeconds }) => spanSeconds)
  return [
    `  ${who.padEnd(20)} span ${span.toFixed(2)} s = ${(span / idealSeconds).toFixed(2)} x ideal`,
    `${middle(({ requests }) => requests)} requests, ${middle(({ refused }) => refused)} refused`,
    `${middle(({ cpuMsPerCall }) => cpuMsPerCall).toFixed(2)} ms processor a call`,
    `${middle(({ peakMb }) => peakMb).toFixed(0)} MB`,
    `${middle(({ wallSeconds }) => wallSeconds).toFixed(1)} s in all${reported}`,
  ].join('; ')
}
