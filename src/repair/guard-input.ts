import type { GuardRules } from '../domain/repair-config.ts'
import type { GuardCode, GuardFinding } from '../domain/repair.ts'
import type { TreeFile } from '../domain/repository.ts'
import type { PatchedFile } from './apply.ts'

/** What guards look at. */
export interface GuardInput {
  readonly files: readonly PatchedFile[]
  /** Files of the commit that the patch stands on. */
  readonly tree: readonly TreeFile[]
  readonly rules: GuardRules
  /** Pipeline file and what it includes from the project. */
  readonly ciPaths: readonly string[]
  /** Whether a text holds a secret. */
  readonly findSecrets: (text: string) => boolean
  /** Other files of the project, for functions that are removed; without it only the patch is looked at. */
  readonly read?: ((path: string) => string | undefined) | undefined
}

/** A finding that refuses the patch. */
export const blocking = (code: GuardCode, path: string | undefined, message: string): GuardFinding => ({
  code,
  path,
  message: path === undefined ? message : `${shown(path)}: ${message}`,
  blocks: true,
})

/** A finding that is only told. */
export const warning = (code: GuardCode, path: string, message: string): GuardFinding => ({
  ...blocking(code, path, message),
  blocks: false,
})

const shown = (path: string): string => {
  const plain = path.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '?')
  return plain.length > 200 ? `${plain.slice(0, 199)}…` : plain
}
