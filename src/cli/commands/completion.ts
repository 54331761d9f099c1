import type { Command, Option } from 'commander'
import { GreenloopError } from '../../domain/errors.ts'
import type { Session } from '../session.ts'

interface Entry {
  readonly name: string
  readonly description: string
  readonly subcommands: readonly string[]
  readonly options: readonly string[]
}

const shells = { bash, zsh, fish, pwsh } satisfies Record<string, (entries: readonly Entry[]) => string>
type Shell = keyof typeof shells

/** `greenloop completion SHELL`: a script that completes commands and options, made from the commands themselves. */
export function registerCompletion(program: Command, session: Session): void {
  program
    .command('completion')
    .argument('<shell>', Object.keys(shells).join(', '))
    .description('print a completion script; bash: eval "$(greenloop completion bash)"')
    .action((shell: string) => {
      if (!isShell(shell)) {
        throw new GreenloopError('usage_invalid', `there is no completion for \`${shell}\``, {
          help: `one of: ${Object.keys(shells).join(', ')}`,
        })
      }
      session.output.print(shells[shell](entriesOf(program)))
    })
}

function isShell(name: string): name is Shell {
  return Object.hasOwn(shells, name)
}

function entriesOf(program: Command): Entry[] {
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    subcommands: command.commands.map((inner) => inner.name()),
    options: [...command.options, ...command.commands.flatMap((inner) => inner.options), ...program.options].flatMap(
      (option: Option) => option.long ?? [],
    ),
  }))
}

const wordsOf = ({ subcommands, options }: Entry): string => [...subcommands, ...options].join(' ')

function bash(entries: readonly Entry[]): string {
  const cases = entries.map((entry) => `    ${entry.name}) words='${wordsOf(entry)}' ;;`).join('\n')
  return `_greenloop() {
  local words current=\${COMP_WORDS[COMP_CWORD]}
  case "\${COMP_WORDS[1]}" in
${cases}
    *) words='${entries.map(({ name }) => name).join(' ')}' ;;
  esac
  [ "$COMP_CWORD" -eq 1 ] && words='${entries.map(({ name }) => name).join(' ')}'
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _greenloop greenloop
`
}

function zsh(entries: readonly Entry[]): string {
  const commands = entries.map(({ name, description }) => `'${name}:${quoteZsh(description)}'`).join(' ')
  const cases = entries.map((entry) => `    ${entry.name}) compadd -- ${wordsOf(entry)}; _files ;;`).join('\n')
  return `#compdef greenloop
_greenloop() {
  if (( CURRENT == 2 )); then
    local -a commands=(${commands})
    _describe command commands
    return
  fi
  case $words[2] in
${cases}
  esac
}
compdef _greenloop greenloop
`
}

function fish(entries: readonly Entry[]): string {
  const lines = entries.flatMap(({ name, description, subcommands, options }) => [
    `complete -c greenloop -n __fish_use_subcommand -a ${name} -d '${description.replaceAll("'", String.raw`\'`)}'`,
    ...subcommands.map((inner) => `complete -c greenloop -n '__fish_seen_subcommand_from ${name}' -a ${inner}`),
    ...options.map((option) => `complete -c greenloop -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`),
  ])
  return `${lines.join('\n')}\n`
}

function pwsh(entries: readonly Entry[]): string {
  const table = entries.map(
    ({ name, subcommands, options }) =>
      `  '${name}' = @(${[...subcommands, ...options].map((o) => `'${o}'`).join(', ')})`,
  )
  return `Register-ArgumentCompleter -Native -CommandName greenloop -ScriptBlock {
  param($word, $ast, $position)
  $options = @{
${table.join('\n')}
  }
  $command = "$($ast.CommandElements[1])"
  $words = if ($options.ContainsKey($command)) { $options[$command] } else { $options.Keys }
  $words | Where-Object { $_ -like "$word*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`
}

function quoteZsh(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll(':', String.raw`\:`)
}
