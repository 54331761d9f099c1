import type { Execution, TestResult } from '../domain/run.ts'

/** The framework's own command that runs one test again, quoted for a POSIX shell, to be started in the working folder. */
export function rerunCommand(execution: Execution, test: TestResult): string {
  switch (execution.framework) {
    case 'pytest':
      return `python3 -m pytest ${quote(test.id)}`
    case 'vitest':
      return `npx vitest run ${quote(test.file)} -t ${quote([...test.suite, test.name].join(' '))}`
    case 'node':
      return `node --test --test-name-pattern=${quote(`^${escapePattern(test.name)}$`)} ${quote(test.file)}`
  }
}

function quote(word: string): string {
  const line = word.replaceAll(/[\u0000-\u001f\u007f]/g, ' ')
  return /^[\w@%+:,./-]+$/.test(line) ? line : `'${line.replaceAll("'", `'\\''`)}'`
}

const escapePattern = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
