import type { ModelConfig, ServerConfig } from '../domain/workflow.ts'

/** Something that may hold a secret, without those that were written out; says whether there were any. */
export interface Bare<T> {
  readonly value: T
  readonly removed: boolean
}

/** Whether a text leaves its secret in the environment: a `${NAME}` is in it. */
export function isReference(text: string): boolean {
  return /(?<!\$)\$\{[^}]+\}/u.test(text)
}

/** A server without the secrets that its file writes out. */
export function bareServer(server: ServerConfig): Bare<ServerConfig> {
  const apiKey = kept(server.apiKey)
  const password = kept(server.publish.password)
  const token = kept(server.publish.token)
  const headers = bareHeaders(server.headers)
  const removed =
    apiKey !== server.apiKey ||
    password !== server.publish.password ||
    token !== server.publish.token ||
    headers.removed
  const publish = { ...server.publish, password, token }
  return { value: { ...server, apiKey, headers: headers.value, publish }, removed }
}

/** A model without the secrets that its file writes out. */
export function bareModel(model: ModelConfig): Bare<ModelConfig> {
  const apiKey = kept(model.apiKey)
  const headers = bareHeaders(model.headers)
  return { value: { ...model, apiKey, headers: headers.value }, removed: apiKey !== model.apiKey || headers.removed }
}

function kept(secret: string | undefined): string | undefined {
  return secret !== undefined && isReference(secret) ? secret : undefined
}

const secretHeader = /authorization|cookie|api[-_]?key|^x-key$|token|secret|password|credential/iu

/** Headers that hold a secret by their name and write it out. */
export function writtenHeaders(headers: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(headers).filter(([name, value]) => secretHeader.test(name) && !isReference(value))
}

function bareHeaders(headers: Readonly<Record<string, string>>): Bare<Record<string, string>> {
  const written = new Set(writtenHeaders(headers).map(([name]) => name))
  const left = Object.entries(headers).filter(([name]) => !written.has(name))
  return { value: Object.fromEntries(left), removed: written.size > 0 }
}
