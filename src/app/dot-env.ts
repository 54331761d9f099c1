import { withDotEnv as filled } from '../config/process-environment.ts'
import type { Surroundings } from './surroundings.ts'

/** Surroundings in which variables that are not set are taken from `.env` of the working folder. */
export async function withDotEnv(where: Surroundings): Promise<Surroundings> {
  return { ...where, env: await filled(where.env, where.cwd) }
}
