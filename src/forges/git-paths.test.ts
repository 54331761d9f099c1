import { array, assert, constantFrom, oneof, property, string } from 'fast-check'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { foldersAbove, isGitName, isOwnBranch, pathFault } from './git-paths.ts'

const name = oneof(
  constantFrom('..', '.', '', '.git', '.GIT', 'git~1', 'a', 'b.txt', ' ', '.git ', '.gitignore', '.github'),
  string({ unit: 'binary', maxLength: 6 }),
)
const path = array(name, { minLength: 1, maxLength: 5 }).map((names) => names.join('/'))

test('a path without fault stays below the root, is what it seems, and has no name of git', () => {
  assert(
    property(path, (each) => {
      if (pathFault(each) !== undefined) return
      expect(resolve('/root', each)).toBe(`/root/${each}`)
      expect(each.split('/').some((part) => part.toLowerCase() === '.git')).toBe(false)
      expect(each).not.toMatch(/[\0\r\n\\]/)
    }),
    { numRuns: 2000 },
  )
})

test('ordinary names are no fault', () => {
  for (const each of [
    'a',
    '.gitignore',
    '.github/x.yml',
    'a b/ü.txt',
    '-x',
    'git',
    'x.git',
    '...',
    'ab:c',
    '.gitlab-ci.yml',
  ]) {
    expect(pathFault(each), each).toBeUndefined()
  }
  expect(isGitName('.gitmodules')).toBe(false)
})

test('folders above a path lead from the outermost inwards', () => {
  expect(foldersAbove('a/b/c')).toEqual(['a', 'a/b'])
  expect(foldersAbove('a')).toEqual([])
})

test('only branches below greenloop/ with plain names are ours', () => {
  expect(isOwnBranch('greenloop/fix-main-20261121_050203_1f9a')).toBe(true)
  expect(isOwnBranch('greenloop/a/b.c')).toBe(true)
  expect(isOwnBranch('greenloop/a.lock/b')).toBe(false)
  expect(isOwnBranch(`greenloop/${'x'.repeat(300)}`)).toBe(false)
})
