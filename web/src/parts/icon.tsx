import type { ReactElement } from 'react'

const paths = {
  passed: <path d="M5 12.5l4.5 4.5L19 7.5" />,
  failed: <path d="M6.5 6.5l11 11m0-11l-11 11" />,
  flaky: <path d="M4 9.5c3-4 5 4 8 0s5 4 8 0M4 15.5c3-4 5 4 8 0s5 4 8 0" />,
  skipped: <path d="M6 12h12" />,
  pending: <circle cx="12" cy="12" r="7" />,
  queued: <path d="M12 7v5l3 2m6-2a9 9 0 1 1-18 0 9 9 0 0 1 18 0z" />,
  running: <path d="M20 12a8 8 0 1 1-5-7.4" />,
  warning: <path d="M12 4l9 16H3zm0 6v4m0 3v.1" />,
  stopped: <path d="M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM6.5 6.5l11 11" />,
  paused: <path d="M8.5 6v12m7-12v12" />,
  partial: (
    <>
      <circle cx="12" cy="12" r="8" />
      <path d="M12 4a8 8 0 0 1 0 16z" fill="currentColor" />
    </>
  ),
  plus: <path d="M12 5v14M5 12h14" />,
  search: <path d="M16 16l4.5 4.5M18 11a7 7 0 1 1-14 0 7 7 0 0 1 14 0z" />,
  close: <path d="M6 6l12 12M18 6L6 18" />,
  menu: <path d="M4 7h16M4 12h16M4 17h16" />,
  copy: <path d="M9 9h11v11H9zM5 15H4V4h11v1" />,
  download: <path d="M12 4v11m-5-5l5 5 5-5M5 20h14" />,
  external: <path d="M14 4h6v6m0-6l-9 9M18 14v6H4V6h6" />,
  retry: <path d="M20 5v5h-5m5 0a8 8 0 1 0 0 6" />,
  play: <path d="M7 5l12 7-12 7z" />,
  stop: <path d="M6 6h12v12H6z" />,
  left: <path d="M15 5l-7 7 7 7" />,
  right: <path d="M9 5l7 7-7 7" />,
  down: <path d="M5 9l7 7 7-7" />,
  file: <path d="M6 3h8l5 5v13H6zm8 0v5h5" />,
  globe: <path d="M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0zM3 12h18M12 3c3 3 3 15 0 18-3-3-3-15 0-18z" />,
  sun: (
    <path d="M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM12 3v2m0 14v2M3 12h2m14 0h2M5.6 5.6L7 7m10 10l1.4 1.4M5.6 18.4L7 17M17 7l1.4-1.4" />
  ),
  moon: <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z" />,
  screen: <path d="M3 5h18v12H3zm6 16h6m-3-4v4" />,
  person: <path d="M16 8a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM4 21c1-5 4-7 8-7s7 2 8 7" />,
  edit: <path d="M4 20l1-5L16 4l4 4L9 19z" />,
  trash: <path d="M4 7h16M9 7V4h6v3m-9 0l1 13h10l1-13" />,
  key: <path d="M12 15a5 5 0 1 1-2-4l10-7m-4 3l3 3" />,
} as const

/** Name of an icon. */
export type IconName = keyof typeof paths

/** A small drawing beside a word; it says nothing of its own to screen readers. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }): ReactElement {
  return (
    <svg
      className={`icon icon-${name}`}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {paths[name]}
    </svg>
  )
}

/** The mark of Greenloop: a loop that closes on a tick. */
export function Mark({ size = 28 }: { readonly size?: number }): ReactElement {
  return (
    <svg className="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" className="mark-ground" />
      <path d="M23.5 12.2A8.4 8.4 0 1 0 24.4 16" className="mark-loop" />
      <path d="M12.2 16.2l3 3 8.6-8.8" className="mark-tick" />
    </svg>
  )
}
