import type { ApiTaskDetail } from '../domain/api-run.ts'
import { failureText, fence } from '../report/digest.ts'
import type { FailedTest } from '../report/groups.ts'
import type { RunPlace } from '../report/rerun.ts'

/** What a prompt is made of. */
export interface PromptParts {
  readonly failed: FailedTest
  readonly frame: ApiTaskDetail['frame']
  readonly place: RunPlace | undefined
  readonly history: ApiTaskDetail['history']
}

/** A failed test for a person to hand to a model, as Markdown. */
export function promptOf({ failed, frame, place, history }: PromptParts): string {
  const framework = place === undefined ? '' : ` of ${place.framework}`
  return [
    `A test${framework} does not pass. Say what is wrong, in the test or in what it tests, and show the smallest change that mends it. The test must go on proving what it proves.`,
    failureText(failed, place),
    ...(frame === undefined ? [] : [`Where it failed, in ${frame.file}:\n\n${fence(numbered(frame))}`]),
    ...(history.length === 0 ? [] : [`Earlier runs, newest first: ${told(history)}.`]),
    '',
  ].join('\n\n')
}

function numbered({ firstLine, lines, line }: NonNullable<ApiTaskDetail['frame']>): string {
  const width = String(firstLine + lines.length).length
  return lines
    .map((text, index) => {
      const number = firstLine + index
      return `${number === line ? '>' : ' '} ${String(number).padStart(width)} | ${text}`
    })
    .join('\n')
}

function told(history: ApiTaskDetail['history']): string {
  return history
    .slice(0, 10)
    .map(({ verdict }) => verdict)
    .join(', ')
}
