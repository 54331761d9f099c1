import type { Forge, ForgeProject } from '../domain/forge.ts'
import type { Provider } from '../domain/ports.ts'
import type { RepairPolicy } from '../domain/repair-config.ts'
import type { RepairEvent, RepairState } from '../domain/repair.ts'
import type { FileChange, Repository } from '../domain/repository.ts'
import type { Clock } from '../lib/clock.ts'
import type { Redactor } from '../lib/redact.ts'

/** How a script ended in the box. */
export interface ScriptEnd {
  /** `null` where it was ended from outside. */
  readonly exitCode: number | null
  /** Standard output and error, mixed, head and tail. */
  readonly output: string
  readonly timedOut: boolean
}

/** Runs a shell script in a sandbox without network. */
export interface ScriptBox {
  /** Strength of the sandbox, for reports. */
  readonly tier: string
  /** An empty folder that the box may later own; removed by `discard`. */
  open(): Promise<{ readonly folder: string; discard(): Promise<void> }>
  /** Runs `script` with `bash -e` in the folder, which belongs to the box from then on. */
  run(
    work: {
      readonly folder: string
      readonly script: string
      readonly timeoutMs: number
      readonly env: Readonly<Record<string, string>>
    },
    signal: AbortSignal,
  ): Promise<ScriptEnd>
}

/** A project that is missing, and what might be meant. */
export interface MissingProject {
  readonly path: string
  readonly similar: readonly ForgeProject[]
}

/** What somebody decided about it. */
export type MissingChoice =
  | { readonly kind: 'create' }
  | { readonly kind: 'use'; readonly path: string }
  | { readonly kind: 'search'; readonly text: string }
  | { readonly kind: 'stop' }

/** All that the loop works with. */
export interface RepairWorld {
  readonly runId: string
  readonly forge: Forge
  /** The control repository of a project. */
  readonly repository: (project: ForgeProject) => Promise<Repository>
  readonly provider: Provider
  readonly policy: RepairPolicy
  readonly clock: Clock
  /** Numbers from 0 up to, not including, 1. */
  readonly random: () => number
  readonly redactor: Redactor
  /** Absent where no sandbox can be had or none is wanted; the text says why. */
  readonly box: ScriptBox | { readonly missing: string }
  /** Puts a state on record; it is durable when this has come back. */
  readonly record: (state: RepairState) => Promise<void>
  readonly emit: (event: RepairEvent) => void
  /** Keeps a text among the artifacts of the run, without its secrets. */
  readonly save: (name: string, text: string) => Promise<void>
  /** Asks a person; absent where nobody can answer. */
  readonly ask?: ((missing: MissingProject, signal: AbortSignal) => Promise<MissingChoice>) | undefined
  /** Files of the AI work folder as they are now; absent where none is configured. Those left out are named with the cause. */
  readonly bringIn?:
    | ((signal: AbortSignal) => Promise<{ readonly files: readonly FileChange[]; readonly leftOut: readonly string[] }>)
    | undefined
  /** Comes back when the host has something to tell; never before the signal aborts where there are no webhooks. */
  readonly woken: (signal: AbortSignal) => Promise<void>
}
