import { GreenloopError } from '../domain/errors.ts'
import { openSandbox } from '../runners/sandbox.ts'

/**
 * Begins to look for a sandbox. The probe is a process of its own and takes as long as loading the rest of the program,
 * so a command that will run tests calls this before it imports anything else.
 */
export function warmUp(): void {
  // Whoever needs the sandbox later gets the same promise, and its error with it.
  openSandbox('auto').catch(() => {})
}

/** Why no sandbox can be had here, and what mends it; `undefined` where there is one. */
export async function sandboxTrouble(): Promise<GreenloopError | undefined> {
  try {
    await openSandbox('required')
    return undefined
  } catch (error) {
    if (error instanceof GreenloopError) return error
    throw error
  }
}
