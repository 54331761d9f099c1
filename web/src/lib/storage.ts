const prefix = 'greenloop.'

/** What the browser keeps under a name, or `undefined`, also where it keeps nothing at all. */
export function stored(name: string): string | undefined {
  try {
    return localStorage.getItem(prefix + name) ?? undefined
  } catch {
    return undefined
  }
}

/** Keeps a text in the browser, or removes it. Does nothing where storage is full or switched off. */
export function store(name: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(prefix + name)
    else localStorage.setItem(prefix + name, value)
  } catch {
    // It holds until the page is left, which is all that is left to offer.
  }
}
