import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { sqliteModule } from './sqlite-module.ts'

it('is Node’s own SQLite, and leaves warnings to whoever else has some', () => {
  const before = Object.getOwnPropertyDescriptor(process, 'emitWarning')
  expect(sqliteModule().DatabaseSync).toBeTypeOf('function')
  expect(Object.getOwnPropertyDescriptor(process, 'emitWarning')).toEqual(before)
})

it('warns of nothing when it is loaded', () => {
  const program = `const { sqliteModule } = await import(${JSON.stringify(import.meta.resolve('./sqlite-module.ts'))})
    process.on('warning', (warning) => console.log(warning.message))
    sqliteModule()
    setImmediate(() => process.emitWarning('mine'))`
  const args = ['--no-warnings', '--input-type=module', '-e', program]
  expect(execFileSync(process.execPath, args).toString()).toBe('mine\n')
})
