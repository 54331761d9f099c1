import { stringify } from 'yaml'
import type { RunManifest } from '../domain/manifest.ts'
import { snakeKeys } from '../lib/snake-keys.ts'
import { isReference, isSecretKey } from './expansion.ts'

/** Forms of a manifest file; JSON is read many times faster, which matters from some thousand cases on. */
export type ManifestFormat = 'yaml' | 'json'

/**
 * A manifest as a file: keys in snake_case, no secrets. Keys, passwords and headers that do not come from a variable are
 * left out; `keyRef` and `envFile` stay and say where they are.
 */
export function manifestText(manifest: RunManifest, format: ManifestFormat = 'yaml'): string {
  return textOf(snakeKeys(withoutSecrets(manifest)), format)
}

/** Several manifests as one file, under `manifests`. */
export function manifestsText(manifests: readonly RunManifest[], format: ManifestFormat = 'yaml'): string {
  return textOf({ manifests: manifests.map((manifest) => snakeKeys(withoutSecrets(manifest))) }, format)
}

function textOf(value: unknown, format: ManifestFormat): string {
  // Manifests of one plan share their cases; anchors would make the file unreadable for many other tools.
  if (format === 'yaml') return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 })
  return `${JSON.stringify(value, null, 2)}\n`
}

function withoutSecrets(manifest: RunManifest): RunManifest {
  const { server, workflow, variant, models } = manifest
  const bareModels = Object.entries(models).map(([name, model]) => [name, withoutKeys(model)] as const)
  return {
    ...manifest,
    ...(server === undefined
      ? {}
      : { server: { ...withoutKeys(server), publish: without(server.publish, ['password', 'token']) } }),
    workflow:
      workflow.target === 'http'
        ? { ...without(workflow, ['apiKey']), http: { ...workflow.http, headers: bareHeaders(workflow.http.headers) } }
        : without(workflow, ['apiKey']),
    variant: {
      ...variant,
      keys: Object.fromEntries(Object.entries(variant.keys).filter(([, key]) => isReference(key))),
    },
    models: Object.fromEntries(bareModels),
  }
}

interface WithKeys {
  readonly apiKey?: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

function withoutKeys<T extends WithKeys>(value: T): T {
  return { ...without(value, ['apiKey']), headers: bareHeaders(value.headers) }
}

/** The value without those of the members that are secrets by themselves. */
function without<T extends object>(value: T, names: readonly (keyof T & string)[]): T {
  const isSecret = (name: string, member: unknown) =>
    names.some((one) => one === name) && typeof member === 'string' && !isReference(member)
  return Object.fromEntries(Object.entries(value).filter(([name, member]) => !isSecret(name, member))) as T
}

function bareHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name, text]) => !isSecretKey(name) || isReference(text)))
}
