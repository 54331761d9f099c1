import type { ServerConfig, Workflow } from '../domain/workflow.ts'
import type { AdminParts } from './dify-console-call.ts'

/** One version of a workflow that is to be put on a server. */
export interface PublishVariant {
  readonly id: string
  /** The patched description. */
  readonly dsl: string
  /** SHA-256 of its meaning. */
  readonly hash: string
  /** Version and key that a person has given, for the route `files`. */
  readonly version?: string | undefined
  readonly apiKey?: string | undefined
}

/** What is to be published where. */
export interface PublishRequest {
  /** Every `${NAME}` filled in. */
  readonly server: ServerConfig
  readonly workflow: Extract<Workflow, { readonly target: 'dify' }>
  readonly variants: readonly PublishVariant[]
  /** Id of the run; apps are called `greenloop-TAG`. */
  readonly tag: string
  /** Comment of the published versions. */
  readonly note: string
  /** Makes an app for each variant even where one with several versions would do. */
  readonly onePerVariant?: boolean | undefined
  /** Absolute folder for the route `files`. */
  readonly folder?: string | undefined
}

/** Something that was made on a server and has to be removed. */
export interface CreatedThing {
  readonly kind: 'app' | 'key'
  readonly id: string
  /** App that a key belongs to. */
  readonly appId?: string | undefined
}

/** What publishing needs from outside. */
export interface PublishParts extends AdminParts {
  /** Told of each thing as soon as it exists, so that it can be removed after a crash. */
  readonly onCreated?: ((thing: CreatedThing) => void) | undefined
}

/** Where a variant runs. */
export interface PublishedVariant {
  readonly appId?: string | undefined
  /** Published version to pin; without it, the app of the key holds nothing but this variant. */
  readonly version?: string | undefined
  /** Key of the app, where one was made. */
  readonly apiKey?: string | undefined
}

/** What came of publishing. */
export interface Published {
  /** By id of the variant. */
  readonly versions: Readonly<Record<string, PublishedVariant>>
  /** What differs from the description and may matter. */
  readonly warnings: readonly string[]
  /** Removes what was made; may be called again. Answers in words with what is left behind. */
  cleanup(signal: AbortSignal): Promise<readonly string[]>
}
