import { randomBytes } from 'node:crypto'

/** A run id that sorts by time and is safe in file names and Python identifiers: `20261121_050203_1f9a`. */
export function createRunId(now: Date, entropy: Uint8Array = randomBytes(2)): string {
  const stamp = now.toISOString().replaceAll(/[-:]/g, '').replace('T', '_').slice(0, 15)
  return `${stamp}_${Buffer.from(entropy).toString('hex')}`
}
