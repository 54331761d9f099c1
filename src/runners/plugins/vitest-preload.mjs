// Vite writes a configuration that it has bundled below node_modules, which a sandbox shows read-only. It knows a way
// out (beside the configuration, which is a copy there), but only for EACCES.
import { constants, promises } from 'node:fs'

const { access, mkdir } = promises

promises.mkdir = async (path, ...options) => {
  if (!String(path).includes('.vite-temp')) return await mkdir(path, ...options)
  try {
    const made = await mkdir(path, ...options)
    await access(path, constants.W_OK)
    return made
  } catch (cause) {
    throw Object.assign(new Error(`${path} cannot be written to`, { cause }), { code: 'EACCES' })
  }
}
