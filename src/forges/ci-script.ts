import { writeDocument } from './ci-document.ts'
import type { CiDocument } from './ci-document.ts'
import { fieldsOf, isRecord, textsOf } from './ci-values.ts'
import type { Fields } from './ci-values.ts'

/** A job of a description, to be run. */
interface ScriptedJob {
  /** Entry in the description, without the instance of `parallel`. */
  readonly base: string
  readonly document: CiDocument
  /** Begins the lines by which the script tells how far it is; nobody can guess it. */
  readonly mark: string
  /** Folder that the files will lie in. */
  readonly folder: string
}

/** What of an entry gitlab-ci-local needs to place a job among the others; scripts, limits and tries are ours. */
const kept = [
  'stage',
  'needs',
  'dependencies',
  'variables',
  'cache',
  'parallel',
  'environment',
  'inherit',
  'trigger',
  'rules',
]

/**
 * The files that run a job: a description in which its script is one call, and the scripts as GitLab's runner writes them.
 * gitlab-ci-local would clear away what the script made before `after_script`, mix up its two streams and break down under
 * a million lines; so it neither sees the parts of the script nor its output, which goes to the named pipe `output`.
 */
export function jobFiles(job: ScriptedJob): Readonly<Record<string, string>> {
  const entry = job.document.jobs.get(job.base) ?? {}
  const after = textsOf(entry['after_script'])
  const script = [...textsOf(entry['before_script']), ...textsOf(entry['script'])]
  return {
    'pipeline.yml': descriptionFor(job),
    'job.sh': jobScript(job, after.length > 0),
    'script.sh': shellScript(script),
    'after.sh': shellScript(after),
  }
}

function descriptionFor({ base, document, folder }: ScriptedJob): string {
  const jobs = [...document.jobs].map(([name, entry]): [string, unknown] => {
    const rest = {
      ...Object.fromEntries(kept.filter((key) => key in entry).map((key) => [key, entry[key]])),
      ...artifacts(entry),
    }
    if (name !== base)
      return [name, { ...rest, ...whenOf(entry), ...(isRecord(entry['trigger']) ? {} : { script: ['true'] }) }]
    return [
      name,
      { ...rest, when: 'always', ...startedRules(entry), script: [`exec bash ${quoted(`${folder}/job.sh`)}`] },
    ]
  })
  return writeDocument(document, new Map(jobs))
}

function whenOf(entry: Fields): Fields {
  return typeof entry['when'] === 'string' ? { when: entry['when'] } : {}
}

/** Whoever asks for the job has decided that it runs; rules are left for the variables that they set. */
function startedRules(entry: Fields): Fields {
  const rules = entry['rules']
  if (!Array.isArray(rules)) return {}
  return { rules: rules.map((rule: unknown) => (isRecord(rule) ? { ...rule, when: 'always' } : rule)) }
}

/** gitlab-ci-local knows no artifacts of failures alone; those of a success do no harm. */
function artifacts(entry: Fields): Fields {
  const own = fieldsOf(entry, 'artifacts')
  if (own === undefined) return {}
  return { artifacts: own['when'] === 'on_failure' ? { ...own, when: 'always' } : own }
}

/**
 * Runs the script and then the other, tells the exit code (twice, for the first may stand behind a line so long that it is cut), and ends what the script left running: it would hold the pipes
 * of the job open.
 */
function jobScript({ mark, folder }: ScriptedJob, hasAfter: boolean): string {
  const sweep = `for entry in $(grep -lzs ${quoted(`^GREENLOOP_STEP=${mark}`)} /proc/[0-9]*/environ); do
  entry=\${entry#/proc/}
  kill -KILL "\${entry%%/*}" 2>/dev/null
done`
  const after = `echo ${quoted(`${mark} after`)}
if [ "$code" -eq 0 ]; then export CI_JOB_STATUS=success; else export CI_JOB_STATUS=failed; fi
GREENLOOP_STEP=${mark} bash ${quoted(`${folder}/after.sh`)} || echo "WARNING: after_script failed, but job will continue unaffected: exit code $?"
${sweep}`
  return `exec >${quoted(`${folder}/output`)} 2>&1
GREENLOOP_STEP=${mark} bash ${quoted(`${folder}/script.sh`)}
code=$?
${sweep}
${hasAfter ? after : ''}
echo "${mark} end $code"
echo "${mark} end $code"
exit "$code"
`
}

/** Each command is printed, in green, before it runs; of one with several lines only the first. */
function shellScript(commands: readonly string[]): string {
  const steps = commands.map((command) => {
    const [first = '', ...more] = command.trimEnd().split(/\r?\n/)
    const shown = more.length > 0 ? `${first} # collapsed multi-line command` : first
    return `printf '%s\\n' ${quoted(`\u001b[32;1m$ ${shown}\u001b[0;m`)}\n${command}\n`
  })
  return `set -eo pipefail\n${steps.join('')}exit 0\n`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
