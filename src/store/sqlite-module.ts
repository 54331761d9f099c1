import type * as Sqlite from 'node:sqlite'

/**
 * Node's own SQLite, loaded on first use. Node 22 warns on loading that it is experimental; that one warning is kept
 * back, and nothing else can warn meanwhile, since loading does not wait for anything.
 */
export function sqliteModule(): typeof Sqlite {
  const warning = Object.getOwnPropertyDescriptor(process, 'emitWarning') ?? {}
  Object.defineProperty(process, 'emitWarning', { ...warning, value: () => {} })
  try {
    return process.getBuiltinModule('node:sqlite')
  } finally {
    Object.defineProperty(process, 'emitWarning', warning)
  }
}

/** Does something with a file on a connection of its own, which is closed afterwards. Throws SQLite's errors. */
export async function withFile<T>(
  path: string,
  options: Sqlite.DatabaseSyncOptions,
  work: (connection: Sqlite.DatabaseSync) => T | Promise<T>,
): Promise<T> {
  const { DatabaseSync } = sqliteModule()
  const connection = new DatabaseSync(path, options)
  try {
    return await work(connection)
  } finally {
    connection.close()
  }
}
