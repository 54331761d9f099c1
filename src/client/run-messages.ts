import { fileURLToPath } from 'node:url'
import { loadPackageDefinition } from '@grpc/grpc-js'
import type { GrpcObject, ServiceClientConstructor } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import type { PackageDefinition } from '@grpc/proto-loader'

/** A moment, as `google.protobuf.Timestamp` has it. */
export interface TimeMessage {
  readonly seconds: number
  readonly nanos: number
}

/** A guard's finding in a round. */
interface FindingMessage {
  readonly code: string
  readonly path: string
  readonly message: string
  readonly blocks: boolean
}

/** A round of repair. */
export interface RoundMessage {
  readonly number: number
  readonly failingJobs: readonly string[]
  readonly outcome: string
  readonly explanation: string
  readonly diff: string
  readonly findings: readonly FindingMessage[]
  readonly commit: string
  readonly localProof: string
}

/** A repair as callers see it; `state` and `end` by the names of the protocol. */
export interface RunMessage {
  readonly id: string
  readonly project: string
  readonly state: string
  readonly end: string
  readonly phase: string
  readonly branch: string
  readonly mergeRequestUrl: string
  readonly pipelineId: number
  readonly rounds: readonly RoundMessage[]
  readonly reason: string
  readonly advice: string
  readonly tokens: number
  readonly costUsd: number
  readonly createdAt?: TimeMessage | null | undefined
  readonly finishedAt?: TimeMessage | null | undefined
  readonly exitCode: number
  readonly notes: readonly string[]
}

/** Something that happened in a run; one of the members besides `seq` and `time` is set. */
export interface RunEventMessage {
  readonly seq: number
  readonly time?: TimeMessage | null | undefined
  readonly snapshot?: RunMessage | null | undefined
  readonly stateChange?:
    | { readonly phase: string; readonly pipelineStatus: string; readonly pipelineId: number }
    | null
    | undefined
  readonly logChunk?: { readonly text: string } | null | undefined
  readonly round?: RoundMessage | null | undefined
  readonly heartbeat?: Readonly<Record<string, never>> | null | undefined
}

/** What a run is started with. */
export interface StartRunMessage {
  readonly idempotencyKey: string
  readonly project?: string | undefined
  readonly ref?: string | undefined
  readonly files?:
    | readonly { readonly path: string; readonly content: Uint8Array; readonly executable?: boolean | undefined }[]
    | undefined
  readonly options?:
    | {
        readonly rounds?: number | undefined
        readonly totalTimeoutSeconds?: number | undefined
        readonly mergeRequest?: number | undefined
        readonly createProject?: boolean | undefined
      }
    | null
    | undefined
}

/** Full name of the service. */
export const runServiceName = 'greenloop.v1.RunService'

/** Both sides hold as much of a message: files and diffs are larger than the usual 4 MiB. */
export const maxMessageBytes = 32 * 1024 * 1024

const protoFile = fileURLToPath(new URL('proto/run.proto', import.meta.url))

/** The description of the service, and what clients and servers are made from. Read when it is first needed: it costs some 100 ms. */
export function loadRunService(): {
  readonly definition: PackageDefinition
  readonly constructor: ServiceClientConstructor
} {
  const definition = loadSync(protoFile, { longs: Number, enums: String, defaults: true, oneofs: true })
  const loaded = loadPackageDefinition(definition).greenloop as GrpcObject
  return { definition, constructor: (loaded.v1 as GrpcObject).RunService as ServiceClientConstructor }
}
