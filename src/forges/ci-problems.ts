import { plainText } from '../lib/plain-text.ts'

/** Lines by which gitlab-ci-local tells what it does; they say nothing about the description. */
const chatter =
  /^(?:Using fallback git|Unable to retrieve default|Interpreting|parsing and downloads|json schema validated| {2}Command failed|(?:fatal|error): |Invalid .*configuration!$|$)/
const maxProblems = 20

/** What gitlab-ci-local found wrong, one sentence each, in the words of GitLab where it has some, without paths of this machine. */
export function problemsOf(stderr: string, folder: string): readonly string[] {
  const lines = plainText(stderr).replaceAll(`${folder}/`, '').split('\n')
  const end = lines.findIndex((line) => line.startsWith('For further troubleshooting') || /^ {4}at /.test(line))
  const told = lines.slice(0, end === -1 ? undefined : end).filter((line) => !chatter.test(line))
  const bullets = told.filter((line) => /^\s*•/.test(line))
  const sentences = bullets.length > 0 ? bullets.map(reworded) : told.slice(0, 2).map(reworded)
  const kept = sentences.filter((line) => line !== '' && !/^\d+ \|/.test(line)).slice(0, maxProblems)
  return kept.length > 0 ? kept : ['the description of the pipeline could not be read']
}

type Rewording = readonly [RegExp, (parts: readonly string[]) => string]

const rewordings: readonly Rewording[] = [
  [/^'([^']*)' property is not expected to be here(?: at (.*))?$/, ([, key, at]) => unknownKey(key, at)],
  [/^(.*) must have script specified$/, ([, job]) => noScript(job)],
  [/^stage:(.*) not found for (.*)$/, ([, stage, job]) => `${job} job: chosen stage ${stage} does not exist`],
  [/^needs: \[(.*)\] for (.*) could not be found$/, ([, need, job]) => missingNeed(job, need)],
  [/^needs: \[(.*)\] for (.*) is in a future stage$/, ([, need, job]) => futureNeed(job, need)],
  [/^YAMLException: (.*) \((\d+):(\d+)\)$/, ([, what, line, column]) => `${what} at line ${line} column ${column}`],
  [/^(.*) is unspecified, used by (.*?) extends$/, ([, base, job]) => unknownBase(job, base)],
  [/^Local include file cannot be found (.*)$/, ([, file]) => `Local file \`${file}\` does not exist!`],
]

function reworded(line: string): string {
  const text = line
    .replace(/^\s*•\s*/, '')
    .replace(/ \[#[^\]]*\]$/, '')
    .trim()
  for (const [pattern, say] of rewordings) {
    const found = pattern.exec(text)
    if (found !== null) return say(found)
  }
  return text
}

const unknownKey = (key = '', at = ''): string =>
  at === ''
    ? `root config contains unknown keys: ${key}`
    : `jobs:${at.replaceAll('.', ':')} config contains unknown keys: ${key}`
const noScript = (job = ''): string => `jobs:${job} config should implement the script:, run:, or trigger: keyword`
/** What GitLab says of a job that needs one that is not there. */
export const missingNeed = (job = '', need = ''): string =>
  `'${job}' job needs '${need}' job, but '${need}' does not exist in the pipeline. This might be because of the only, except, or rules keywords. To need a job that sometimes does not exist in the pipeline, use needs:optional.`
const futureNeed = (job = '', need = ''): string => `${job} job: need ${need} is not defined in current or prior stages`
const unknownBase = (job = '', base = ''): string => `jobs:${job}: unknown keys in \`extends\` (${base})`
