declare module 'virtual:messages/*' {
  import type { IntlMessageFormat } from 'intl-messageformat'

  /** Texts of one language by key; those with placeholders are parsed. */
  export const texts: Readonly<Record<string, ConstructorParameters<typeof IntlMessageFormat>[0]>>
}
