import { useText } from '../lib/i18n.ts'
import { useUrlValues } from '../lib/url.ts'
import { Select } from '../parts/field.tsx'
import type { ReactElement } from 'react'

interface HistoryFiltersProps {
  readonly titles: readonly string[]
  /** How many runs can be looked through. */
  readonly depths: readonly number[]
  readonly depth: number
}

/** Which runs the history looks through; kept in the address. */
export function HistoryFilters({ titles, depths, depth }: HistoryFiltersProps): ReactElement {
  const t = useText()
  const [{ title = '' }, set] = useUrlValues()
  const known = title === '' || titles.includes(title) ? titles : [title, ...titles]
  return (
    <div className="filters">
      <Select
        label={t('history.runTitle')}
        value={title}
        options={[{ value: '', label: t('common.all') }, ...known.map((value) => ({ value, label: value }))]}
        onChange={(event) => set({ title: event.target.value, cursor: '' })}
      />
      <Select
        label={t('history.newest')}
        value={String(depth)}
        options={depths.map((count) => ({ value: String(count), label: t('history.runCount', { count }) }))}
        onChange={(event) => set({ runs: event.target.value, cursor: '' })}
      />
    </div>
  )
}

/** One of the depths: the one of the address where it is among them. */
export function depthOf(runs: string, depths: readonly number[], usual: number): number {
  return depths.find((each) => String(each) === runs) ?? usual
}
