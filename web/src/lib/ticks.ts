import { useEffect, useState } from 'react'
import { every, now } from './clock.ts'

/** The time, told again and again while `isOn`. */
export function useNow(ms: number, isOn: boolean): number {
  const [at, tick] = useState(now)
  useEffect(() => (isOn ? every(ms, () => tick(now())) : undefined), [ms, isOn])
  return at
}
