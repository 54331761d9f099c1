import type { Execution, TestResult } from '../domain/run.ts'
import type { Framework } from '../domain/suite.ts'
import { plainText } from '../lib/plain-text.ts'

/** Where tests ran and with what. */
export type RunPlace = Pick<Execution, 'cwd' | 'scriptDir' | 'framework'>

type Named = Pick<TestResult, 'id' | 'file' | 'name' | 'suite'>

const commands: Readonly<Record<Framework, (test: Named) => string>> = {
  pytest: (test) => `python3 -m pytest ${quote(test.id)}`,
  vitest: (test) => `npx vitest run ${quote(test.file)} -t ${quote([...test.suite, test.name].join(' '))}`,
  node: (test) => `node --test --test-name-pattern=${quote(`^${escapePattern(test.name)}$`)} ${quote(test.file)}`,
}

/** The framework's own command that runs one test again, quoted for a POSIX shell; works from any folder. */
export function rerunCommand({ cwd, scriptDir, framework }: RunPlace, test: Named): string {
  // A generated script was never in the project: it has to be put there first.
  const put = scriptDir === undefined ? [] : [`install -D ${quote(`${scriptDir}/${test.file}`)} ${quote(test.file)}`]
  return [`cd ${quote(cwd)}`, ...put, commands[framework](test)].join(' && ')
}

function quote(word: string): string {
  const line = plainText(word).replaceAll(/\s/g, ' ')
  return /^[\w@%+:,./-]+$/.test(line) ? line : `'${line.replaceAll("'", `'\\''`)}'`
}

const escapePattern = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
