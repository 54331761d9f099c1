import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useRef } from 'react'
import { useDraft } from '../editor/draft.ts'
import { useModEnter } from '../editor/keys.ts'
import { SuiteEditor } from '../editor/suite-editor.tsx'
import { api, isProblem, useApi, useSend } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { Button } from '../parts/button.tsx'
import { Diff } from '../parts/diff.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { Loading } from '../parts/state.tsx'
import type { ReactElement } from 'react'
import type { ApiSuiteDetail } from '../../../src/client/types.ts'

/** One suite: its text, what is wrong with it, and what changes it. */
export function SuitePage(): ReactElement {
  const t = useText()
  const { id } = useParams({ from: '/suites/$id' })
  const suite = useApi('getSuite', { params: { id } })
  const above = <Link to="/suites">{t('suites.title')}</Link>
  if (suite.data) return <OpenSuite key={id} suite={suite.data} above={above} />
  return (
    <Page title={t('suites.title')} above={above}>
      {suite.isPending ? <Loading /> : <Problem error={suite.error} onRetry={() => void suite.refetch()} />}
    </Page>
  )
}

interface OpenProps {
  readonly suite: ApiSuiteDetail
  readonly above: ReactElement
}

interface Edited {
  /** Absent until something was changed. */
  readonly text?: string
  /** Of what was changed. */
  readonly etag?: string
}

/** What was changed of a suite, and what saves it. */
function useEdited(suite: ApiSuiteDetail) {
  const { id } = suite
  const client = useQueryClient()
  const draft = useDraft<Edited>(`suite.${id}`, {})
  const text = draft.value.text ?? suite.text
  const base = useRef('')
  const take = (disk: ApiSuiteDetail): void => {
    client.setQueryData(['getSuite', { params: { id } }], disk)
    draft.discard()
  }
  const save = useSend('writeSuite', { stale: ['listSuites'], ifMatch: () => base.current, onDone: take })
  return {
    text,
    isChanged: text !== suite.text,
    isKept: draft.isKept,
    discard: draft.discard,
    change: (next: string) => {
      if (save.isSuccess) save.reset()
      draft.set({ text: next, etag: draft.value.etag ?? suite.etag })
    },
    save,
    /** Saves over the version with this ETag; over the one that was opened unless given. */
    send: (etag = draft.value.etag ?? suite.etag) => {
      base.current = etag
      save.mutate({ params: { id }, body: { text } })
    },
    take: (disk: ApiSuiteDetail) => {
      take(disk)
      save.reset()
    },
  }
}

function OpenSuite({ suite, above }: OpenProps): ReactElement {
  const t = useText()
  const edited = useEdited(suite)
  const { text, isChanged, save, send } = edited
  const isConflict = isProblem(save.error, 'version_conflict')
  useModEnter(() => isChanged && !save.isPending && send())
  const actions = (
    <>
      <span role="status" className="row">
        {isChanged ? <span className="chip warn">{t('suites.unsaved')}</span> : save.isSuccess && t('suites.saved')}
      </span>
      {isChanged && <Button onClick={edited.discard}>{t('suites.discard')}</Button>}
      <Button kind="primary" disabled={!isChanged} busy={save.isPending} onClick={() => send()}>
        {t('common.save')}
      </Button>
      <Link to="/new" search={{ suite: suite.id }} className="button">
        {t('suites.run')}
      </Link>
    </>
  )
  return (
    <Page title={suite.name} above={above} lead={<code>{suite.path}</code>} actions={actions}>
      {edited.isKept && isChanged && <p className="quiet">{t('suites.draftKept')}</p>}
      {save.error && !isConflict && <Problem error={save.error} />}
      <SuiteEditor label={t('suites.text')} name={suite.path} text={text} onChange={edited.change} />
      {isConflict && (
        <Conflict id={suite.id} mine={text} onClose={() => save.reset()} onOverwrite={send} onTake={edited.take} />
      )}
    </Page>
  )
}

interface ConflictProps {
  readonly id: string
  readonly mine: string
  readonly onClose: () => void
  readonly onOverwrite: (etag: string) => void
  readonly onTake: (disk: ApiSuiteDetail) => void
}

/** Shows both versions. Overwriting is over the version that is shown, and over no later one. */
function Conflict({ id, mine, onClose, onOverwrite, onTake }: ConflictProps): ReactElement | null {
  const t = useText()
  const disk = useQuery({
    queryKey: ['getSuite', 'conflict', id],
    queryFn: ({ signal }) => api.call('getSuite', { params: { id } }, { signal }),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const found = disk.data
  return (
    <Dialog
      title={t('suites.conflictTitle')}
      open
      wide
      onClose={onClose}
      actions={
        found && (
          <>
            <Button onClick={onClose}>{t('common.cancel')}</Button>
            <Button onClick={() => onTake(found)}>{t('suites.conflictTheirs')}</Button>
            <Button kind="danger" onClick={() => onOverwrite(found.etag)}>
              {t('suites.conflictMine')}
            </Button>
          </>
        )
      }
    >
      {disk.isPending && <Loading />}
      {disk.error && <Problem error={disk.error} onRetry={() => void disk.refetch()} />}
      {found && (
        <>
          <p>{t('suites.conflictHint')}</p>
          <Diff before={found.text} after={mine} labels={[t('suites.onDisk'), t('suites.mine')]} />
        </>
      )}
    </Dialog>
  )
}
