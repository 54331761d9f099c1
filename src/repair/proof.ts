import { GreenloopError } from '../domain/errors.ts'
import { sha256 } from '../lib/hash.ts'
import { capMiddle, plainText } from '../lib/plain-text.ts'
import { looksLike } from './proof-likeness.ts'
import { missingHere } from './proof-missing.ts'
import { preparedScript } from './proof-script.ts'
import { word } from './watch-notes.ts'
import type { ScriptBox, ScriptEnd } from './world.ts'

/** A failing job as it can be run here. */
interface ProofJob {
  readonly name: string
  readonly script: string
  readonly variables: Readonly<Record<string, string>>
}

/** What is proved, and with what. */
export interface ProofInput {
  /** Where scripts run; nowhere else. */
  readonly box: ScriptBox | { readonly missing: string }
  readonly mode: 'required' | 'best_effort' | 'off'
  readonly jobs: readonly ProofJob[]
  /** Limit of one script. */
  readonly timeoutMs: number
  /** Writes the files of a commit into an empty folder. */
  readonly checkout: (sha: string, folder: string, signal: AbortSignal) => Promise<unknown>
  /** Commit that fails. */
  readonly before: string
  /** Commit with the patch. */
  readonly after: string
  /** What the failing jobs printed in the pipeline, whole or reduced: what fails here has to look like it. */
  readonly printed?: string | undefined
  /** How scripts ended on commits without a patch; filled here, for the next round. */
  readonly cache?: Map<string, ScriptEnd> | undefined
}

/** What came of it. `none`: nothing is proved either way, and the pipeline decides. */
export type Proof =
  | { readonly kind: 'passed' | 'failed'; readonly job: string; readonly output: string }
  | { readonly kind: 'none'; readonly why: string }

const maxJobs = 5
const maxOutput = 16_000

/**
 * Runs the script of each failing job (the first 5) in the sandbox: without the patch, where it has to fail, and with it. The
 * first that still fails ends it. Throws `sandbox_unavailable` where a sandbox is required and none can be had.
 */
export async function prove(input: ProofInput, signal: AbortSignal): Promise<Proof> {
  const { box, mode, jobs } = input
  if (mode === 'off') return none('it is turned off')
  if ('missing' in box) {
    if (mode === 'best_effort') return none(`there is no sandbox: ${box.missing}`)
    throw new GreenloopError('sandbox_unavailable', `no sandbox can be had here: ${box.missing}`, {
      why: '`validation.sandbox` is `required`, and the code under test never runs without one.',
      help: 'Install bubblewrap, or set `validation.sandbox` to `best_effort` and let the pipeline decide alone.',
    })
  }
  const proofs: Proof[] = []
  for (const job of different(jobs).slice(0, maxJobs)) {
    const proof = await proveJob(job, { ...input, box }, signal)
    if (proof.kind === 'failed') return proof
    proofs.push(proof)
  }
  const passed = proofs.find((proof) => proof.kind === 'passed')
  if (passed !== undefined) return passed
  const whys = proofs.flatMap((proof) => (proof.kind === 'none' ? [proof.why] : []))
  return none(whys.length === 0 ? 'the script of the failing job cannot be told from the pipeline' : whys.join('; '))
}

type Boxed = ProofInput & { readonly box: ScriptBox }

/** One job of each script: a matrix often has many of them. */
function different(jobs: readonly ProofJob[]): readonly ProofJob[] {
  return [...new Map(jobs.toReversed().map((job) => [keyOf('', job), job])).values()].toReversed()
}

async function proveJob(job: ProofJob, input: Boxed, signal: AbortSignal): Promise<Proof> {
  // Side by side, for both are wanted nearly always.
  const [before, after] = await Promise.all([runBefore(job, input, signal), runOn(input.after, { job, input }, signal)])
  const obstacle = obstacleOf(before, input.printed)
  if (obstacle !== undefined) return none(`${word(job.name)}: ${obstacle}`)
  const output = shown(after)
  return { kind: after.exitCode === 0 && !after.timedOut ? 'passed' : 'failed', job: job.name, output }
}

/** Why the failure of the unpatched tree says nothing about the patch. */
function obstacleOf({ exitCode, timedOut, output }: ScriptEnd, printed: string | undefined): string | undefined {
  if (timedOut) return 'it takes longer here than allowed'
  if (exitCode === null) return 'it was ended from outside here'
  if (exitCode === 0) return 'it does not fail here without the patch'
  if (exitCode === 126 || exitCode === 127) return 'it cannot run here: a command is missing'
  const missing = missingHere(plainText(output))
  // What the pipeline lacks just so is the failure itself: a module that is not there, say.
  const isSame = missing !== undefined && printed !== undefined && missingHere(plainText(printed)) === missing
  if (missing !== undefined && !isSame) return `it cannot run here: ${missing}`
  return printed === undefined || looksLike(printed, output) ? undefined : 'it fails here in another way'
}

async function runBefore(job: ProofJob, input: Boxed, signal: AbortSignal): Promise<ScriptEnd> {
  const key = keyOf(input.before, job)
  const known = input.cache?.get(key)
  if (known !== undefined) return known
  const end = await runOn(input.before, { job, input }, signal)
  input.cache?.set(key, end)
  return end
}

async function runOn(
  sha: string,
  { job, input }: { readonly job: ProofJob; readonly input: Boxed },
  signal: AbortSignal,
): Promise<ScriptEnd> {
  signal.throwIfAborted()
  const place = await input.box.open()
  try {
    await input.checkout(sha, place.folder, signal)
    const work = { folder: place.folder, timeoutMs: input.timeoutMs, ...preparedScript(job.script, job.variables) }
    const end = await input.box.run(work, signal)
    // A script that was ended because the run is over has not failed.
    signal.throwIfAborted()
    return end
  } finally {
    await place.discard()
  }
}

function shown({ output, timedOut, exitCode }: ScriptEnd): string {
  const end = timedOut ? 'It was ended: it took longer than allowed.' : `It ended with exit code ${exitCode ?? 'none'}.`
  return `${capMiddle(plainText(output), maxOutput).trimEnd()}\n${end}`
}

function keyOf(sha: string, { script, variables }: ProofJob): string {
  return sha256(JSON.stringify([sha, script, Object.entries(variables)]))
}

function none(why: string): Proof {
  return { kind: 'none', why }
}
