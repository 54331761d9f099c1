import { readDotEnv } from './settings-files.ts'

/** Variables of this process, behind them those of `.env` in a folder. An empty variable counts as not set. */
export async function processEnvironment(cwd: string): Promise<Readonly<Record<string, string | undefined>>> {
  return withDotEnv(process.env, cwd)
}

/** Variables, behind them those of `.env` in a folder. */
export async function withDotEnv(
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): Promise<Readonly<Record<string, string | undefined>>> {
  const dotEnv = await readDotEnv(cwd)
  if (dotEnv === undefined) return env
  const set = Object.entries(env).filter(([, value]) => value !== undefined && value !== '')
  return { ...dotEnv.values, ...Object.fromEntries(set) }
}
