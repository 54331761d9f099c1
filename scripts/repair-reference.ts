import { z } from 'zod'
import { guardCodes, repairEnds, repairPhases } from '../src/domain/repair.ts'
import { promptPlaceholders, repairFileSchema } from '../src/domain/repair-config.ts'

interface Node {
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Node>>
}

/** The page with every key of a repair's configuration, its ends, phases and guards. */
export function repairPage(note: string): string {
  const schema = z.toJSONSchema(repairFileSchema, { target: 'draft-2020-12', io: 'input' }) as Node
  const ends = Object.entries(repairEnds).map(
    ([end, code]) => `| \`${end}\` | ${code} | ${endMeanings[end as keyof typeof repairEnds]} |`,
  )
  const guards = Object.entries(guardCodes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`)
  const { required, optional } = promptPlaceholders
  return `# Repair

${note} Sources: \`src/domain/repair-config.ts\`, \`src/domain/repair.ts\`.

## Configuration

\`config.yaml\`, or any file named with \`--config\`. Keys may be written in snake_case or camelCase; \`\${NAME}\` and
\`\${NAME:-default}\` are filled from the environment and \`.env\`. Times are in seconds, paths relative to the file.

| Key | Default | Meaning |
| --- | --- | --- |
${rows(schema, '').join('\n')}

## The prompt of a round

\`templates.fix_bug_prompt\` names a text file, or is the text itself. It has to hold ${list(required)} and may hold ${list(optional)}; each once, \`{{project}}\` as often as you like. Anything
else in double braces is refused, and so is a text of more than 12,000 characters.

## Ends

| End | Exit code | Meaning |
| --- | --- | --- |
${ends.join('\n')}

A code host that does not answer any more is no end: the command fails with exit code 3, the run stays open, and
\`greenloop repair resume\` goes on where it stood.

## Phases

${repairPhases.map((phase) => `\`${phase}\``).join(' → ')}

Each is on record before what happens in it.

## Guards

What a guard finds goes into the log, the merge request and the prompt of the next round, under these codes.

| Code | What it is about: the patch … |
| --- | --- |
${guards.join('\n')}
`
}

const endMeanings: Readonly<Record<keyof typeof repairEnds, string>> = {
  succeeded: 'The pipeline of the pushed commit is green, and no test or job got lost on the way.',
  gave_up:
    'Rounds, budget or ideas are used up, or the failure is nothing that a patch mends. The advice says what a person can do.',
  guard_rejected: 'Every patch was refused by a guard; nothing of it was pushed.',
  blocked_gate: 'A manual job waits for a person, or no runner takes the jobs. The run stays open and can be resumed.',
  auth_failed: 'The token is not accepted, or may not do what is needed. The run stays open and can be resumed.',
  project_not_found: 'The project, its branch or its merge request is not there, or the token may not see it.',
  llm_unavailable: 'The model does not answer. The run stays open and can be resumed.',
  timed_out: '`total_timeout` is used up. Its pipeline is cancelled; branch and merge request stay.',
  cancelled: 'Somebody ended it: Ctrl-C, `greenloop runs cancel`, a pipeline or merge request that was closed by hand.',
}

function rows({ properties = {} }: Node, path: string): string[] {
  return Object.entries(properties)
    .filter(([key]) => key !== '$schema')
    .flatMap(([key, node]) => {
      const inner = rows(node, `${path}${key}.`)
      const initial = node.default === undefined || inner.length > 0 ? '' : `\`${JSON.stringify(node.default)}\``
      const choices =
        node.enum === undefined ? '' : ` One of ${node.enum.map((value) => `\`${String(value)}\``).join(', ')}.`
      const cells = [`\`${path}${key}\``, initial, `${node.description ?? ''}${choices}`]
      return [`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`, ...inner]
    })
}

function list(names: readonly string[]): string {
  return names.map((name) => `\`{{${name}}}\``).join(', ')
}
