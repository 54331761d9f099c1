import { open, rename } from 'node:fs/promises'
import { GreenloopError } from '../domain/errors.ts'
import { steps } from './schema.ts'
import { damaged, sqliteFault } from './sqlite-faults.ts'
import { withFile } from './sqlite-module.ts'

/** Throws `store_corrupt` or `store_newer` for a file that is no store of ours, by the name that people know it by. */
export async function checkCopy(file: string, name = file): Promise<void> {
  try {
    await withFile(file, {}, (copy) => {
      const answer = copy.prepare('pragma quick_check(1)').get()?.['quick_check']
      if (answer !== 'ok') throw damaged(name, String(answer))
      const meta = copy.prepare(`select count(*) as there from sqlite_master where name = 'meta'`).get()
      if (meta?.['there'] !== 1) throw damaged(name, 'it holds no store of runs')
      const version = Number(copy.prepare(`select value from meta where key = 'schema'`).get()?.['value'] ?? 0)
      if (version > steps.length) {
        throw new GreenloopError('store_newer', `${name} has tables of version ${version}, known are ${steps.length}`)
      }
      copy.exec('pragma wal_checkpoint(truncate)')
    })
  } catch (error) {
    throw sqliteFault(error, name)
  }
}

/** Brings a file to the disk before its name says that it is there. */
export async function publishCopy(temporary: string, target: string): Promise<void> {
  const handle = await open(temporary, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, target)
}
