import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { useApi, useSend } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { useUrlValue } from '../lib/url.ts'
import { Button } from '../parts/button.tsx'
import { Field } from '../parts/field.tsx'
import { Card, Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import type { FormEvent, ReactElement } from 'react'

/** Lets in whoever has a one-time link or a token. */
export function LoginPage(): ReactElement {
  const t = useText()
  const [code] = useState(takeCode)
  const goOn = useGoOn()
  const byCode = useSend('startSession', { onDone: goOn })
  const isSent = useRef(false)
  const { mutate } = byCode
  useEffect(() => {
    // A code works once, and effects may run twice.
    if (code === undefined || isSent.current) return
    isSent.current = true
    mutate({ body: { code } })
  }, [code, mutate])
  const isUnderWay = code !== undefined && !byCode.isError
  return (
    <Page title={t('login.title')} lead={t('login.lead')}>
      {byCode.error && <Problem title={t('login.refusedLink')} error={byCode.error} />}
      {isUnderWay ? (
        <div className="loading" role="status">
          <span className="spinner" aria-hidden="true" /> {t('login.busy')}
        </div>
      ) : (
        <div className="stack">
          <Known onGo={goOn} />
          <div className="columns">
            <Card title={t('login.byToken')}>
              <TokenForm onDone={goOn} />
            </Card>
            <Card title={t('login.byLink')}>
              <p>{t('login.byLinkHint')}</p>
              <pre>greenloop serve link</pre>
            </Card>
          </div>
        </div>
      )}
    </Page>
  )
}

function TokenForm({ onDone }: { readonly onDone: () => void }): ReactElement {
  const t = useText()
  const start = useSend('startSession', { onDone })
  const [token, setToken] = useState('')
  const [isTried, setTried] = useState(false)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (token.trim() !== '') start.mutate({ body: { token: token.trim() } })
  }
  return (
    <form className="stack" noValidate onSubmit={submit}>
      <Field
        label={t('login.token')}
        type="password"
        autoComplete="current-password"
        value={token}
        hint={t('login.tokenHint')}
        error={isTried && token.trim() === '' ? t('login.needed') : ''}
        onChange={(event) => setToken(event.target.value)}
      />
      {start.error && <Problem title={t('login.refusedToken')} error={start.error} />}
      <div className="actions">
        <Button kind="primary" type="submit" icon="key" busy={start.isPending}>
          {t('login.submit')}
        </Button>
      </div>
    </form>
  )
}

/** Whoever is signed in already need not do it again. */
function Known({ onGo }: { readonly onGo: () => void }): ReactElement | null {
  const t = useText()
  const session = useApi('getSession', {})
  if (session.data === undefined || session.isError) return null
  return (
    <div className="row">
      <p>{t('login.goOn', { name: session.data.name })}</p>
      <Button onClick={onGo}>{t('login.continue')}</Button>
    </div>
  )
}

/** Leads to where one wanted to go; what was known of another session is forgotten. */
function useGoOn(): () => void {
  const client = useQueryClient()
  const router = useRouter()
  const [next] = useUrlValue('next')
  return () => {
    client.clear()
    router.history.replace(localPath(next))
  }
}

/** A path of this server: an address elsewhere, or what a browser takes for one, leads to the beginning. */
function localPath(next: string): string {
  const url = URL.parse(next, location.origin)
  const isLocal = next.startsWith('/') && url?.origin === location.origin && url.pathname !== '/login'
  return isLocal ? `${url.pathname}${url.search}` : '/'
}

/** The code of a one-time link. It goes out of the address at once, so that it does not stay in the history. */
function takeCode(): string | undefined {
  const code = new URLSearchParams(location.hash.slice(1)).get('code') ?? undefined
  if (code !== undefined) history.replaceState(history.state, '', `${location.pathname}${location.search}`)
  return code
}
