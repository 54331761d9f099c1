/** Milliseconds since the epoch. */
export function now(): number {
  return Date.now()
}

/** Calls again and again; gives what ends it. */
export function every(ms: number, call: () => void): () => void {
  const timer = setInterval(call, ms)
  return () => clearInterval(timer)
}

/** Calls once, later; gives what calls it off. */
export function after(ms: number, call: () => void): () => void {
  const timer = setTimeout(call, ms)
  return () => clearTimeout(timer)
}
