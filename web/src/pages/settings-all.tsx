import { useState } from 'react'
import { useApi } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { SearchField } from '../parts/search-field.tsx'
import { Empty } from '../parts/state.tsx'
import { Answered } from './settings-parts.tsx'
import type { ReactElement } from 'react'
import type { Answer } from '../../../src/client/types.ts'

/** Every setting of the server with its origin. */
export function AllTab(): ReactElement {
  const t = useText()
  const settings = useApi('getSettings', {})
  const [search, setSearch] = useState('')
  const fits = ({ key, value, origin }: Row) =>
    `${key} ${textOf(value)} ${origin}`.toLowerCase().includes(search.trim().toLowerCase())
  return (
    <div className="stack">
      <p className="quiet">{t('settings.all.lead')}</p>
      <div className="filters" role="search">
        <SearchField label={t('settings.all.search')} value={search} onChange={setSearch} />
      </div>
      <Answered query={settings}>
        {({ items }) => {
          const found = items.filter(fits)
          return found.length === 0 ? <Empty title={t('settings.all.nothing')} /> : <SettingTable rows={found} />
        }}
      </Answered>
    </div>
  )
}

type Row = Answer<'getSettings'>['items'][number]

function SettingTable({ rows }: { readonly rows: readonly Row[] }): ReactElement {
  const t = useText()
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t('settings.all.key')}</th>
          <th scope="col">{t('settings.all.value')}</th>
          <th scope="col">{t('settings.all.origin')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, value, origin }) => (
          <tr key={key} data-row>
            <th scope="row" className="name">
              <code>{key}</code>
            </th>
            <td className="name" data-label={t('settings.all.value')}>
              <code>{textOf(value)}</code>
            </td>
            <td className={origin === 'default' ? 'name quiet' : 'name'} data-label={t('settings.all.origin')}>
              {origin}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
