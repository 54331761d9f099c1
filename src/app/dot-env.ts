import { readDotEnv } from '../config/settings-files.ts'
import type { Surroundings } from './surroundings.ts'

/** Surroundings in which variables that are not set are taken from `.env` of the working folder. */
export async function withDotEnv(where: Surroundings): Promise<Surroundings> {
  const dotEnv = await readDotEnv(where.cwd)
  if (dotEnv === undefined) return where
  const set = Object.entries(where.env).filter(([, value]) => value !== undefined && value !== '')
  return { ...where, env: { ...dotEnv.values, ...Object.fromEntries(set) } }
}
