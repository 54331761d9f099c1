import { useEffect } from 'react'
import type { ReactElement, ReactNode } from 'react'

interface PageProps {
  /** Goes into the heading and the title of the window. */
  readonly title: string
  /** In place of the title in the heading, where it is more than a text. */
  readonly heading?: ReactNode
  /** What stands above the heading: the way back. */
  readonly above?: ReactNode
  /** A line below the heading. */
  readonly lead?: ReactNode
  /** Buttons at the right. */
  readonly actions?: ReactNode
  readonly children: ReactNode
}

/** A page with its one heading. */
export function Page({ title, heading, above, lead, actions, children }: PageProps): ReactElement {
  useEffect(() => {
    document.title = `${title} · Greenloop`
  }, [title])
  return (
    <>
      <header className="page-head">
        <div className="page-title">
          {above !== undefined && <p className="above">{above}</p>}
          <h1>{heading ?? title}</h1>
          {lead !== undefined && <div className="lead">{lead}</div>}
        </div>
        {actions !== undefined && <div className="actions">{actions}</div>}
      </header>
      {children}
    </>
  )
}

/** A part of a page on a ground of its own. */
export function Card({
  title,
  actions,
  children,
}: {
  readonly title?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}): ReactElement {
  return (
    <section className="card">
      {(title !== undefined || actions !== undefined) && (
        <header className="card-head">
          {title !== undefined && <h2>{title}</h2>}
          {actions !== undefined && <div className="actions">{actions}</div>}
        </header>
      )}
      {children}
    </section>
  )
}
