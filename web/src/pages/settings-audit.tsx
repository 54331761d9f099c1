import { useApi } from '../lib/api.ts'
import { useFormat, useText } from '../lib/i18n.ts'
import { useUrlValue } from '../lib/url.ts'
import { Pager } from '../parts/pager.tsx'
import { Empty } from '../parts/state.tsx'
import { Answered } from './settings-parts.tsx'
import type { ReactElement } from 'react'
import type { AuditEntry } from '../../../src/client/types.ts'

/** Who changed what, newest first. */
export function AuditTab(): ReactElement {
  const t = useText()
  const [cursor, setCursor] = useUrlValue('cursor')
  const query = cursor === '' ? {} : { cursor }
  const entries = useApi('listAudit', { query }, { keep: true })
  return (
    <div className="stack">
      <p className="quiet">{t('settings.audit.lead')}</p>
      <Answered query={entries}>
        {({ items, nextCursor }) => (
          <>
            {items.length === 0 ? <Empty title={t('settings.audit.none')} /> : <AuditTable entries={items} />}
            <Pager next={nextCursor} cursor={cursor} onGo={(next) => setCursor(next, 'push')} />
          </>
        )}
      </Answered>
    </div>
  )
}

function AuditTable({ entries }: { readonly entries: readonly AuditEntry[] }): ReactElement {
  const t = useText()
  const format = useFormat()
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t('settings.audit.when')}</th>
          <th scope="col">{t('settings.audit.who')}</th>
          <th scope="col">{t('settings.audit.what')}</th>
          <th scope="col">{t('settings.audit.target')}</th>
          <th scope="col">{t('settings.audit.outcome')}</th>
          <th scope="col">{t('settings.audit.address')}</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry, at) => (
          // Entries never change places within a page.
          // oxlint-disable-next-line react/no-array-index-key
          <tr key={`${entry.at} ${at}`} data-row>
            <td className="shrink" data-label={t('settings.audit.when')}>
              <time dateTime={entry.at} title={entry.at}>
                {format.date(entry.at)}
              </time>
            </td>
            <td className="name" data-label={t('settings.audit.who')}>
              {entry.who}
            </td>
            <td data-label={t('settings.audit.what')}>
              <code>{entry.action}</code>
            </td>
            <td className="name" data-label={t('settings.audit.target')}>
              {entry.target}
            </td>
            <td data-label={t('settings.audit.outcome')}>
              <span className={`chip ${entry.outcome === 'done' ? '' : 'warn'}`}>
                {t(`settings.audit.outcome.${entry.outcome}`)}
              </span>
            </td>
            <td data-label={t('settings.audit.address')}>
              <code>{entry.address}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
