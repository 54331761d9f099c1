import { Link } from '@tanstack/react-router'
import type { ReactElement, ReactNode } from 'react'
import type { ApiRun } from '../../../src/client/types.ts'

const places = { experiment: '/experiments/$id', repair: '/repairs/$id' } as const

interface RunLinkProps {
  readonly run: Pick<ApiRun, 'id' | 'kind' | 'title'>
  readonly children?: ReactNode
}

/** Leads to the page of a run: experiments and repairs have pages of their own. */
export function RunLink({ run: { id, kind, title }, children }: RunLinkProps): ReactElement {
  const to = kind === 'experiment' || kind === 'repair' ? places[kind] : '/runs/$id'
  return (
    <Link to={to} params={{ id }}>
      {children ?? (title === '' ? id : title)}
    </Link>
  )
}
