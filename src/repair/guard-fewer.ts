import type { GuardFinding } from '../domain/repair.ts'
import type { PatchedFile } from './apply.ts'
import { blocking } from './guard-input.ts'
import type { GuardInput } from './guard-input.ts'
import { languageOf } from './guard-language.ts'
import { bare, plain } from './guard-plain.ts'

const kept: readonly { readonly name: string; readonly pattern: RegExp }[] = [
  {
    name: 'a command that tests or checks',
    pattern:
      /\b(?:pytest|unittest|doctest|tox|nox|vitest|jest|mocha|rspec|phpunit|ctest|(?:npm|pnpm|yarn|bun|deno|go|cargo|dotnet|swift|make)\s+(?:run\s+)?(?:test|check|lint)|node\s+--test|mvnw?|gradlew?|ruff|flake8|pylint|mypy|pyright|eslint|oxlint|tsc|prettier|shellcheck|coverage)\b/g,
  },
  { name: 'that it stops at the first failure', pattern: /\bset\s+-[a-z]*e|\bpipefail\b|\berrexit\b/g },
]

/** Findings about shell scripts that check less than before: a job that runs nothing is green. */
export function fewerFindings({ files }: GuardInput): GuardFinding[] {
  return files.flatMap((file) => {
    const { path, before, after } = file
    if (before === undefined || languageOf(path, before) !== 'shell') return []
    const lost = kept.filter(({ pattern }) => counted(after, pattern) < counted(before, pattern))
    return lost.map(({ name }) => blocking('silenced', path, `takes away ${name}${removedLine(file)}. Let it stay.`))
  })
}

/** How often something stands in lines that run. */
function counted(text: string, pattern: RegExp): number {
  return commands(text).reduce((sum, line) => sum + [...line.matchAll(pattern)].length, 0)
}

const commands = (text: string): readonly string[] =>
  bare(plain(text), 'shell')
    .split('\n')
    .filter((line) => !/^\s*(?:echo|printf|true|false|:)(?:\s|$)/.test(line))

function removedLine({ before = '', after }: PatchedFile): string {
  const now = new Set(commands(after))
  const line = commands(before).find((one) => !now.has(one) && kept.some(({ pattern }) => one.search(pattern) >= 0))
  return line === undefined
    ? ''
    : `: \`${line
        .trim()
        .slice(0, 160)
        .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}`]/gu, '?')}\``
}
