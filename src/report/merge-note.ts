import type { Summary } from './summary.ts'
import { capHead, firstLine, plainText } from '../lib/plain-text.ts'

/** What a comment on a merge request is made from. */
export interface MergeNoteParts {
  readonly summary: Summary
  /** Summary of the branch that is merged into; without it nothing is called new or fixed. */
  readonly base?: Summary | undefined
  /** Address of the whole report. */
  readonly reportUrl?: string | undefined
}

type Failure = Summary['failures'][number]

const mostListed = 20
const messageLength = 160

const verdictWords: Readonly<Record<Summary['verdict'], string>> = {
  passed: '✅ green, and proven',
  failed: '❌ red',
  incomplete: '⚠️ incomplete: results are missing, so nothing is proven',
  empty: '⚠️ no test was run',
  cancelled: '⏹ cancelled',
}

/** A comment for a merge request, as GitLab's Markdown: verdict and counts, then new, known, fixed and flaky tests. */
export function toMergeNote({ summary, base, reportUrl }: MergeNoteParts): string {
  const { verdict, summary: counts } = summary
  const parts = [
    [counts.passed, 'passed'],
    [counts.failed, 'failed'],
    [counts.flaky, 'flaky'],
    [counts.skipped, 'skipped'],
    [counts.notRun, 'not run'],
  ] as const
  const told = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`)
  const before = new Set(base?.failures.map(({ id }) => id))
  const failing = new Set(summary.failures.map(({ id }) => id))
  const isNew = ({ id }: Failure): boolean => !before.has(id)
  const fixed = base?.failures.filter(({ id }) => !failing.has(id)) ?? []
  return [
    `### Greenloop: ${verdictWords[verdict]}`,
    `${told.join(', ') || 'no tests'} of ${counts.total} tests in ${(counts.durationMs / 1000).toFixed(1)} s`,
    ...(base === undefined
      ? [section('Failed', summary.failures, lineOfFailure)]
      : [
          section('New failures', summary.failures.filter(isNew), lineOfFailure),
          section(
            'Known failures',
            summary.failures.filter((failure) => !isNew(failure)),
            lineOfFailure,
          ),
          section('Fixed', fixed, ({ id }) => `- ${code(id)}`),
        ]),
    section('Flaky', summary.flaky, ({ id, attempts }) => `- ${code(id)}: ${attempts.join(', then ')}`),
    section('Problems of the run', summary.problems, ({ message }) => `- ${text(message)}`),
    reportUrl === undefined ? '' : `[The whole report](${encodeURI(reportUrl)})`,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function section<T>(title: string, items: readonly T[], line: (item: T) => string): string {
  if (items.length === 0) return ''
  const lines = items.slice(0, mostListed).map(line)
  const more = items.length - lines.length
  return [`**${title}** (${items.length})`, '', ...lines, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n')
}

function lineOfFailure({ id, type, message }: Failure): string {
  return `- ${code(id)}: ${text(`${type}: ${message}`)}`
}

/** A span of code that nothing in it can end. */
function code(value: string): string {
  const line = oneLine(value)
  const fence = line.includes('`') ? '``' : '`'
  return fence === '`' ? `\`${line}\`` : `${fence} ${line.replaceAll('``', "''")} ${fence}`
}

/** Words of tests: no links, mentions, quick actions or HTML come of them. */
function text(value: string): string {
  return oneLine(value).replaceAll(/[\\`*_{}[\]()<>#+!|~@/&$%^:]/g, '\\$&')
}

function oneLine(value: string): string {
  return capHead(firstLine(plainText(value)), messageLength)
}
