import { Icon } from './icon.tsx'
import type { ComponentProps, ReactElement } from 'react'
import type { IconName } from './icon.tsx'

interface ButtonProps extends ComponentProps<'button'> {
  readonly kind?: 'primary' | 'plain' | 'danger' | 'quiet'
  readonly icon?: IconName | undefined
  /** Something is under way: it shows so and takes no press. */
  readonly busy?: boolean | undefined
}

/** A button. Links that look like one have the classes `button primary`. */
export function Button({
  kind = 'plain',
  icon,
  busy = false,
  className,
  children,
  ...rest
}: ButtonProps): ReactElement {
  const shown = busy ? 'running' : icon
  return (
    <button
      type="button"
      {...rest}
      className={`button ${kind} ${className ?? ''}`}
      disabled={rest.disabled === true || busy}
      aria-busy={busy || undefined}
    >
      {shown !== undefined && <Icon name={shown} />}
      {children}
    </button>
  )
}
