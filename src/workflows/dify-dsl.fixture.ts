import { readFileSync } from 'node:fs'
import { patchSchema } from '../domain/patch.ts'
import type { Patch, PatchInput } from '../domain/patch.ts'

/** Names of the exported apps among the fixtures. */
export const exportedApps = ['workflow', 'chatflow', 'chat', 'agent-chat', 'completion'] as const

/** Text of an exported app. */
export function exportedApp(name: (typeof exportedApps)[number]): string {
  return readFileSync(new URL(`../../tests/fixtures/dify/${name}.yml`, import.meta.url), 'utf8')
}

/** A patch with its defaults filled. */
export function patch(input: PatchInput): Patch {
  return patchSchema.parse(input)
}
