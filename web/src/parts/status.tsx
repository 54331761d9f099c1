import { useText } from '../lib/i18n.ts'
import { Icon } from './icon.tsx'
import type { ReactElement } from 'react'
import type { TextKey } from '../lib/i18n.ts'
import type { ApiRun } from '../../../src/client/types.ts'
import type { IconName } from './icon.tsx'

/** Colour of a status. */
export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'calm'

const looks: Readonly<Record<string, readonly [IconName, Tone]>> = {
  passed: ['passed', 'good'],
  ok: ['passed', 'good'],
  succeeded: ['passed', 'good'],
  compared: ['passed', 'good'],
  fixed: ['passed', 'good'],
  failed: ['failed', 'bad'],
  fail: ['failed', 'bad'],
  gave_up: ['failed', 'bad'],
  guard_rejected: ['failed', 'bad'],
  new: ['failed', 'bad'],
  broken: ['warning', 'bad'],
  errored: ['warning', 'bad'],
  crashed: ['warning', 'bad'],
  timed_out: ['queued', 'bad'],
  auth_failed: ['warning', 'bad'],
  project_not_found: ['warning', 'bad'],
  llm_unavailable: ['warning', 'bad'],
  flaky: ['flaky', 'warn'],
  warn: ['warning', 'warn'],
  incomplete: ['partial', 'warn'],
  blocked_gate: ['paused', 'warn'],
  interrupted: ['paused', 'warn'],
  empty: ['pending', 'warn'],
  known: ['failed', 'warn'],
  running: ['running', 'busy'],
  queued: ['queued', 'calm'],
  pending: ['pending', 'calm'],
  skipped: ['skipped', 'calm'],
  cancelled: ['stopped', 'calm'],
  finished: ['passed', 'calm'],
}

const words = {
  run: [
    'passed',
    'failed',
    'compared',
    'incomplete',
    'empty',
    'cancelled',
    'queued',
    'running',
    'finished',
    'broken',
    'interrupted',
    'succeeded',
    'gave_up',
    'guard_rejected',
    'blocked_gate',
    'auth_failed',
    'project_not_found',
    'llm_unavailable',
    'timed_out',
  ],
  test: [
    'passed',
    'failed',
    'flaky',
    'skipped',
    'errored',
    'cancelled',
    'pending',
    'running',
    'timed_out',
    'crashed',
    'new',
    'known',
    'fixed',
  ],
  /** Behind a number, where some languages have other words. */
  count: ['passed', 'failed', 'flaky', 'skipped', 'pending'],
  check: ['ok', 'warn', 'fail', 'passed', 'failed'],
  trial: ['passed', 'failed', 'errored', 'skipped', 'cancelled', 'pending', 'running', 'flaky', 'timed_out', 'crashed'],
} as const

/** What a status is of; nouns differ in gender, so that each has words of its own. */
export type StatusNoun = keyof typeof words

interface StatusProps {
  readonly of: StatusNoun
  readonly value: string
  /** Larger, for headlines. */
  readonly large?: boolean | undefined
  /** Only the icon is seen; the word is for screen readers and the tooltip. */
  readonly iconOnly?: boolean | undefined
}

/** A status as icon, word and colour. A value that has no word is shown as it is. */
export function Status({ of, value, large = false, iconOnly = false }: StatusProps): ReactElement {
  const word = useStatusWord()(of, value)
  const [icon, tone] = looks[value] ?? ['pending', 'calm']
  return (
    <span className={`status tone-${tone}${large ? ' large' : ''}`} title={iconOnly ? word : undefined}>
      <Icon name={icon} size={large ? 26 : 16} />
      <span className={iconOnly ? 'vh' : 'word'}>{word}</span>
    </span>
  )
}

/** Words of statuses, for titles and options. */
export function useStatusWord(): (of: StatusNoun, value: string) => string {
  const t = useText()
  return (of, value) => {
    const known: readonly string[] = words[of]
    return known.includes(value) ? t(`status.${of}.${value}` as TextKey) : value
  }
}

/** Colour of a status. */
export function toneOf(value: string): Tone {
  return looks[value]?.[1] ?? 'calm'
}

/** What to say of a run: its verdict where it came to its end, else where it is. */
export function runValue({ status, verdict }: Pick<ApiRun, 'status' | 'verdict'>): string {
  if (status === 'finished') return verdict ?? 'finished'
  return status === 'failed' ? 'broken' : status
}
