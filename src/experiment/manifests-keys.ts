import type { LoadedPlan, Variant } from '../domain/experiment.ts'
import type { Workflow } from '../domain/workflow.ts'
import { environmentFile } from './manifests-paths.ts'
import { isReference, writtenHeaders } from './manifests-secrets.ts'

/** Where the key of a workflow comes from. */
export interface KeyOrigin {
  /** `${NAME}`, or the file and the place in it; absent where there is no key. */
  readonly ref?: string | undefined
  /** Keys that are written out where only their names may stand. */
  readonly problems: readonly string[]
}

/** The key of a variant goes before that of the workflow, and that before the server's. */
export function keyOf(plan: LoadedPlan, workflow: Workflow, variant: Variant): KeyOrigin {
  const own = Object.hasOwn(variant.keys, workflow.id) ? variant.keys[workflow.id] : undefined
  const headers = workflow.target === 'http' ? writtenHeaders(workflow.http.headers) : []
  const problems = [
    ...writtenOut(`the key of variant \`${variant.id}\` for \`${workflow.id}\``, own),
    ...writtenOut(`the key of workflow \`${workflow.id}\``, workflow.apiKey),
    ...headers.flatMap(([name, value]) => writtenOut(`the header \`${name}\` of workflow \`${workflow.id}\``, value)),
  ]
  return { ref: own ?? workflow.apiKey ?? ofServer(plan, workflow), problems }
}

function ofServer(plan: LoadedPlan, { server }: Workflow): string | undefined {
  const { servers } = plan.environment
  const key = Object.hasOwn(servers, server) ? servers[server]?.apiKey : undefined
  if (key === undefined || isReference(key)) return key
  return `${environmentFile(plan) ?? plan.files.plan}: servers.${server}.api_key`
}

function writtenOut(what: string, key: string | undefined): readonly string[] {
  if (key === undefined || isReference(key)) return []
  return [`${what} is written out; write \`\${NAME}\` and set NAME in the environment or in \`.env\``]
}
