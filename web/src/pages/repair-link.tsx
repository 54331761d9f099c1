import { Icon } from '../parts/icon.tsx'
import type { ReactElement, ReactNode } from 'react'

/** Leads to another site. An address that is none of the web is only shown as text. */
export function WebLink({
  url,
  children,
}: {
  readonly url: string | undefined
  readonly children: ReactNode
}): ReactElement {
  if (url === undefined || !/^https?:\/\//i.test(url)) return <>{children}</>
  return (
    <a href={url} target="_blank" rel="noreferrer">
      {children} <Icon name="external" size={13} />
    </a>
  )
}
