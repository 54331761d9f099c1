/** Values that are made once for each key; the oldest go when there are more than `limit`. */
export function createMemo<V>(limit: number, make: (key: string) => V): (key: string) => V {
  const kept = new Map<string, V>()
  return (key) => {
    if (kept.has(key)) return kept.get(key) as V
    const value = make(key)
    const oldest = kept.size >= limit ? kept.keys().next().value : undefined
    if (oldest !== undefined) kept.delete(oldest)
    kept.set(key, value)
    return value
  }
}
