/**
 * The engine in memory: 1,000,000 tasks that do nothing, 64 at a time, with a time limit and retries, beside the queues
 * that people use. Each contestant in a process of its own, in turn, from compiled JavaScript as it is installed; medians.
 * Run: npm run bench:engine [tasks] [rounds]
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join, resolve } from 'node:path'
import { median } from './side-by-side.ts'

const count = Number(process.argv[2] ?? 1_000_000)
const rounds = Number(process.argv[3] ?? 5)
const root = resolve(import.meta.dirname, '..')
const peers = ['p-queue', 'p-limit', 'fastq', 'async-sema', 'bottleneck']
/** It makes a few hundred tasks a second; more of them would take an hour and tell nothing else. */
const scaled: Readonly<Record<string, number>> = { bottleneck: Math.ceil(count / 500) }
const targets = { ratio: 3, peakMb: 100 }

type Form = 'duty' | 'enqueued' | 'fed'

const titles: Readonly<Record<Form, string>> = {
  duty: 'the same duty, written by hand around each queue: attempts, a limit that holds, cancellation, a record of times',
  enqueued: 'the queue alone, all tasks put in at once, as their documentation shows',
  fed: 'the queue alone, fed one by one by hand; no limit, no retry, no result',
}

interface Outcome {
  readonly perSecond: number
  readonly peakMb: number
}

/** Compiles the sources and the contestants into a folder beside the packages that they import. */
function compile(folder: string): string {
  mkdirSync(folder, { recursive: true })
  const tsc = join(root, 'node_modules/.bin/tsc')
  spawnSync(tsc, ['-p', 'tsconfig.build.json', '--outDir', join(folder, 'src')], { cwd: root })
  const source = readFileSync(join(import.meta.dirname, 'engine-contestants.ts'), 'utf8')
  const script = join(folder, 'contestants.mjs')
  writeFileSync(script, stripTypeScriptTypes(source).replaceAll(/'\.\.\/src\/(.*)\.ts'/g, "'./src/$1.js'"))
  return script
}

function measure(script: string, name: string, form: Form): Outcome {
  const size = scaled[name] ?? count
  const output = execFileSync(process.execPath, [script, name, form, String(size)], { encoding: 'utf8' })
  const { seconds, peakMb } = JSON.parse(output) as { seconds: number; peakMb: number }
  return { perSecond: size / seconds, peakMb }
}

/** Ours beside each peer in one form, in turn (A B C A B C …); gives the ratio to the best peer. */
function compare(script: string, form: Form): { readonly ratio: number; readonly peakMb: number } {
  const names = ['greenloop', ...peers, ...(form === 'enqueued' ? [] : ['bare loop'])]
  const outcomes = new Map<string, Outcome[]>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const name of names) outcomes.get(name)?.push(measure(script, name, form))
  }
  const speed = (name: string): number => median((outcomes.get(name) ?? []).map(({ perSecond }) => perSecond))
  /** Over rounds, each measured one after the other, which holds when the machine's speed drifts. */
  const ratioTo = (name: string): number =>
    median(
      (outcomes.get('greenloop') ?? []).map(
        (ours, round) => ours.perSecond / (outcomes.get(name)?.[round]?.perSecond ?? 0),
      ),
    )
  const peak = (name: string): number => median((outcomes.get(name) ?? []).map(({ peakMb }) => peakMb))
  console.log(`\n${titles[form]}`)
  console.log(`${'contestant'.padEnd(12)}${'tasks/s'.padStart(12)}${'peak MB'.padStart(9)}${'ours is'.padStart(10)}`)
  for (const name of names) {
    const ratio = name === 'greenloop' ? '' : `${ratioTo(name).toFixed(2)} x`
    const cells = [Math.round(speed(name)).toLocaleString('en').padStart(12), peak(name).toFixed(0).padStart(9)]
    console.log(`${name.padEnd(12)}${cells.join('')}${ratio.padStart(10)}`)
  }
  return { ratio: Math.min(...peers.map(ratioTo)), peakMb: peak('greenloop') }
}

const folder = join(root, 'node_modules/.cache/greenloop', `bench-engine-${process.pid}`)
try {
  const script = compile(folder)
  console.log(
    `${count.toLocaleString('en')} tasks that do nothing, 64 at a time, ${rounds} rounds; ours always with limit and retries`,
  )
  const small = Object.entries(scaled).map(([name, size]) => `${name}: ${size.toLocaleString('en')} tasks, scaled`)
  console.log(small.join('; '))
  const duty = compare(script, 'duty')
  const enqueued = compare(script, 'enqueued')
  const fed = compare(script, 'fed')
  const isMet = duty.ratio >= targets.ratio && enqueued.ratio >= targets.ratio && duty.peakMb <= targets.peakMb
  console.log(
    `\nbest peer with the same duty: ${duty.ratio.toFixed(1)} x; as documented: ${enqueued.ratio.toFixed(1)} x`,
  )
  console.log(`best peer fed by hand, doing nothing of all that: ${fed.ratio.toFixed(2)} x`)
  console.log(`peak memory of ours alone: ${duty.peakMb.toFixed(0)} MB of ${targets.peakMb}`)
  console.log(isMet ? 'targets met' : 'TARGETS MISSED')
  process.exitCode = isMet ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
