import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { template } from '../editor/template.ts'
import { useApi, useSend } from '../lib/api.ts'
import { useFormat, useText } from '../lib/i18n.ts'
import { useUrlValue } from '../lib/url.ts'
import { Button } from '../parts/button.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Field } from '../parts/field.tsx'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { Empty, Loading } from '../parts/state.tsx'
import { runValue, Status } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import type { FormEvent, ReactElement } from 'react'
import type { ApiRun, ApiSuite } from '../../../src/client/types.ts'

/** Suites of the served folder. */
export function SuitesPage(): ReactElement {
  const t = useText()
  const [search, setSearch] = useUrlValue('q')
  const [isAdding, setAdding] = useState(false)
  const suites = useApi('listSuites', {}, { every: 10_000 })
  const items = suites.data?.items ?? []
  const add = (
    <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>
      {t('suites.add')}
    </Button>
  )
  return (
    <Page title={t('suites.title')} lead={t('suites.lead')} actions={items.length > 0 && add}>
      {suites.isPending && <Loading />}
      {suites.error && <Problem error={suites.error} onRetry={() => void suites.refetch()} />}
      {suites.data && items.length === 0 && (
        <Empty title={t('suites.empty')} hint={t('suites.emptyHint')} action={add} />
      )}
      {items.length > 0 && (
        <>
          <search className="filters">
            <Field
              className="grow"
              type="search"
              label={t('suites.search')}
              value={search}
              onChange={(event) => setSearch(event.target.value)}
            />
          </search>
          <SuiteTable items={items.filter((suite) => isFound(suite, search))} />
        </>
      )}
      <NewSuite open={isAdding} onClose={() => setAdding(false)} />
    </Page>
  )
}

function isFound({ name, path }: ApiSuite, search: string): boolean {
  const plain = (text: string): string => text.normalize('NFKC').toLowerCase().replaceAll('ё', 'е')
  return plain(`${name} ${path}`).includes(plain(search.trim()))
}

function SuiteTable({ items }: { readonly items: readonly ApiSuite[] }): ReactElement {
  const t = useText()
  const format = useFormat()
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t('suites.name')}</th>
          <th scope="col" className="figure">
            {t('suites.cases')}
          </th>
          <th scope="col" className="figure">
            {t('suites.endpoints')}
          </th>
          <th scope="col">{t('suites.lastRun')}</th>
          <th scope="col">{t('suites.changed')}</th>
          <th scope="col">
            <span className="vh">{t('suites.run')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((suite) => (
          <tr key={suite.id} data-row>
            <th scope="row" className="name">
              <Link to="/suites/$id" params={{ id: suite.id }}>
                {suite.name}
              </Link>
              {suite.name !== suite.path && <div className="quiet">{suite.path}</div>}
            </th>
            <td className="figure" data-label={t('suites.cases')}>
              {format.number(suite.cases)}
            </td>
            <td className="figure" data-label={t('suites.endpoints')}>
              {format.number(suite.endpoints)}
            </td>
            <td data-label={t('suites.lastRun')}>
              <LastRun run={suite.lastRun} />
            </td>
            <td data-label={t('suites.changed')}>
              <Time at={suite.modifiedAt} />
            </td>
            <td className="shrink">
              <Link to="/new" search={{ suite: suite.id }} className="button small">
                {t('suites.run')}
                <span className="vh">: {suite.name}</span>
              </Link>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function LastRun({ run }: { readonly run: ApiSuite['lastRun'] }): ReactElement {
  const t = useText()
  if (run === undefined) return <span className="quiet">{t('suites.never')}</span>
  const value = runValue({ status: run.status as ApiRun['status'], verdict: run.verdict })
  return (
    <Link to="/runs/$id" params={{ id: run.id }}>
      <Status of="run" value={value} />
    </Link>
  )
}

function NewSuite({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }): ReactElement {
  const t = useText()
  const navigate = useNavigate()
  const [path, setPath] = useState('suites/calculator.json')
  const create = useSend('createSuite', {
    stale: ['listSuites'],
    onDone: (suite) => void navigate({ to: '/suites/$id', params: { id: suite.id } }),
  })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    create.mutate({ body: { path, text: path.endsWith('.json') ? template : yamlTemplate } })
  }
  return (
    <Dialog
      title={t('suites.add')}
      open={open}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button kind="primary" type="submit" form="new-suite" busy={create.isPending}>
            {t('suites.create')}
          </Button>
        </>
      }
    >
      <form id="new-suite" onSubmit={submit}>
        <Field
          label={t('suites.path')}
          hint={t('suites.pathHint')}
          value={path}
          required
          pattern="[A-Za-z0-9_\-][A-Za-z0-9_.\-]*(/[A-Za-z0-9_\-][A-Za-z0-9_.\-]*)*\.(json|ya?ml)"
          onChange={(event) => setPath(event.target.value)}
        />
      </form>
      {create.error && <Problem error={create.error} />}
    </Dialog>
  )
}

const yamlTemplate = `name: Calculator
target: { kind: python, module: calculator, root: . }
cases:
  - id: CALC-001
    title: Adds two numbers
    call: add
    inputs: { a: 2, b: 3 }
    expected: { returns: 5 }
`
