import { basename, isAbsolute, join, relative } from 'node:path'
import type { LoadedPlan } from '../domain/experiment.ts'
import type { ServerConfig, Workflow } from '../domain/workflow.ts'

interface WithPaths {
  readonly workflow: Workflow
  readonly server: ServerConfig | undefined
}

/** Paths of the catalog and of the environment start from folders of their own; in a manifest all start from the plan's. */
export function rebased({ workflow, server }: WithPaths, folders: LoadedPlan['folders']): WithPaths {
  const from = (folder: string, path: string): string =>
    isAbsolute(path) || path.startsWith('${') || folder === folders.plan
      ? path
      : relative(folders.plan, join(folder, path))
  const dsl = workflow.dsl === undefined ? {} : { dsl: from(folders.catalog, workflow.dsl) }
  const file = workflow.target === 'module' ? { file: from(folders.catalog, workflow.file) } : {}
  const { caFile } = server ?? {}
  return {
    workflow: { ...workflow, ...dsl, ...file },
    server: server && { ...server, ...(caFile === undefined ? {} : { caFile: from(folders.environment, caFile) }) },
  }
}

/** The environment file with its whole path, so that keys are found from wherever a manifest is run. */
export function environmentFile({ files, folders }: Pick<LoadedPlan, 'files' | 'folders'>): string | undefined {
  return files.environment === undefined ? undefined : join(folders.environment, basename(files.environment))
}
