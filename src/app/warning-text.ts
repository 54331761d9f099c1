import type { Problem } from '../domain/errors.ts'

/** A warning about an input on one line, with its place and its mend. */
export function warningText({ message, place, help }: Problem): string {
  const where =
    place === undefined ? '' : [place.file, place.line, place.column].filter((part) => part !== undefined).join(':')
  return `${where === '' ? '' : `${where}: `}${message}${help === undefined ? '' : ` (${help})`}`
}
