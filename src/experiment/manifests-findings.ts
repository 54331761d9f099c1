import type { z } from 'zod'
import { GreenloopError } from '../domain/errors.ts'
import type { Problem } from '../domain/errors.ts'

/** What is found while manifests are built: problems are collected, so that all of them are told together. */
export interface ManifestFindings {
  warning(text: string): void
  problem(message: string): void
  /** Problems of something that does not follow its schema. */
  schemaProblems(what: string, error: z.ZodError): undefined
  /** Patches a description; a patch that does not fit is a problem of `where`. */
  trying<T>(where: string, make: () => T): T | undefined
  /** Throws `patch_invalid` where patches are all that is wrong, else `plan_invalid`, with all problems. */
  throwProblems(): void
  readonly warnings: readonly string[]
}

/** Starts with nothing found; `file` is the plan that problems are reported on. */
export function createManifestFindings(file: string): ManifestFindings {
  const problems: Problem[] = []
  const patchProblems: Problem[] = []
  const warnings: string[] = []
  return {
    warnings,
    warning: (text) => void (warnings.includes(text) || warnings.push(text)),
    problem(message) {
      if (!problems.some((each) => each.message === message)) problems.push({ message, place: { file } })
    },
    schemaProblems(what, error) {
      for (const { path, message } of error.issues)
        problems.push({ message: `${what}: \`${path.join('.')}\`: ${message}`, place: { file } })
      return undefined
    },
    trying(where, make) {
      try {
        return make()
      } catch (error) {
        if (!(error instanceof GreenloopError) || error.code !== 'patch_invalid') throw error
        const own = error.problems.length > 0 ? error.problems : [{ message: error.message }]
        for (const { message, ...rest } of own) patchProblems.push({ ...rest, message: `${where}: ${message}` })
        return undefined
      }
    },
    throwProblems() {
      const all = [...problems, ...patchProblems]
      const [first] = all
      if (first === undefined) return
      const message = all.length === 1 ? first.message : `${all.length} problems keep manifests from being built`
      throw new GreenloopError(problems.length === 0 ? 'patch_invalid' : 'plan_invalid', message, { problems: all })
    },
  }
}
