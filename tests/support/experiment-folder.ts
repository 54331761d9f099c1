import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'

/** Files of an experiment, as objects in the words of the files. */
export interface ExperimentFiles {
  readonly env: object
  readonly workflows: readonly object[]
  readonly plan: object
  /** Other files, by name. */
  readonly others?: Readonly<Record<string, string>>
}

/** A result as `results.jsonl` holds it, as far as tests look at it. */
export interface ResultLine {
  readonly case_id: string
  readonly variant_id: string
  readonly status: string
  readonly text: string
  readonly passed?: boolean
  readonly recovered: boolean
  readonly node_retries: number
  readonly error?: { readonly message: string; readonly code?: string }
  readonly blobs?: Readonly<Record<string, { readonly sha256: string; readonly bytes: number }>>
}

/** A folder with the files of an experiment, in which its run `r` leaves what it makes. */
export interface ExperimentFolder {
  readonly path: string
  /** Artifacts of the run `r`. */
  readonly artifacts: string
  results(): Promise<readonly ResultLine[]>
  /** Contents of everything in the folder by path below it, those of the plan left out. */
  leftovers(): Promise<ReadonlyMap<string, Buffer>>
  [Symbol.asyncDispose](): Promise<void>
}

/** Writes `env.yaml`, `workflows.yaml` and `plan.yaml` into a temporary folder that is gone with the scope. */
export async function experimentFolder({
  env,
  workflows,
  plan,
  others = {},
}: ExperimentFiles): Promise<ExperimentFolder> {
  const path = await mkdtemp(join(tmpdir(), 'greenloop-experiment-'))
  const files = {
    'env.yaml': stringify(env),
    'workflows.yaml': stringify({ workflows }),
    'plan.yaml': stringify(plan),
    ...others,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text)
  const artifacts = join(path, 'artifacts', 'r')
  return {
    path,
    artifacts,
    results: async () => {
      const text = await readFile(join(artifacts, 'results.jsonl'), 'utf8')
      const lines = text.split('\n').filter((line) => line !== '')
      return lines.map((line) => JSON.parse(line) as ResultLine)
    },
    leftovers: async () => {
      const entries = await readdir(path, { recursive: true, withFileTypes: true })
      const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
      const made = paths.filter((each) => !Object.keys(files).some((name) => each === join(path, name)))
      return new Map(
        await Promise.all(made.map(async (each) => [each.slice(path.length + 1), await readFile(each)] as const)),
      )
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

/** Rows of a dataset that say `q1`, `q2` … */
export function rows(count: number): readonly object[] {
  return Array.from({ length: count }, (_, index) => ({ name: `row ${index + 1}`, query: `q${index + 1}` }))
}
