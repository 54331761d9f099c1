import { guardCodes } from '../../src/domain/repair.ts'
import type { RepairCase, RepairOutcome, RepairScenario } from './repair-lab.ts'

/** What is wrong with an outcome, in words; empty where everything is as it should be. */
export function checkOutcome(
  outcome: RepairOutcome,
  { found, scenario, token }: { readonly found: RepairCase; readonly scenario: RepairScenario; readonly token: string },
): readonly string[] {
  const { result, mergeRequests, notes, pipelinesBySha, changed, pushes } = outcome
  const { state, end } = result
  const problems: string[] = []
  const wants = (holds: boolean, text: string): void => {
    if (!holds) problems.push(text)
  }
  wants(end === scenario.end, `ended ${end} instead of ${scenario.end}: ${state.reason ?? ''}`)
  const codes = state.rounds.flatMap(({ findings }) => findings.map(({ code }) => code))
  for (const code of scenario.findings ?? []) {
    wants(code in guardCodes, `the case names an unknown finding ${code}`)
    wants((codes as readonly string[]).includes(code), `no guard found ${code}, but ${codes.join(', ') || 'nothing'}`)
  }
  wants(mergeRequests.length <= 1, `${mergeRequests.length} merge requests`)
  wants(notes.length <= 1, `${notes.length} notes`)
  for (const [sha, count] of Object.entries(pipelinesBySha))
    wants(count === 1, `${count} pipelines for ${sha.slice(0, 8)}`)
  wants(scenario.maxPushes === undefined || pushes <= scenario.maxPushes, `${pushes} pushes`)
  const touched = changed.filter((path) => isTest(path) && !(found.allow ?? []).some((glob) => fits(glob, path)))
  wants(touched.length === 0, `the branch changes ${touched.join(', ')}`)
  const [request] = mergeRequests
  if (request !== undefined) {
    const isDraft = request.title.startsWith('Draft:')
    const isMended = end === 'succeeded' && changed.length > 0
    wants(isDraft !== isMended, `the merge request is ${isDraft ? 'a draft' : 'no draft'} at the end ${end}`)
    wants(request.state === 'opened', `the merge request is ${request.state}`)
    wants(notes.length === 1, 'the merge request has no story')
    for (const code of new Set(codes))
      wants(
        notes.some((note) => note.includes(code)),
        `the story does not name ${code}`,
      )
  }
  const left = JSON.stringify([state, notes, mergeRequests, outcome.events])
  wants(!left.includes(token), 'the token shows')
  return problems
}

function isTest(path: string): boolean {
  return /(?:^|\/)(?:tests?|__tests__)\/|(?:^|\/)test_|[._]test\.|conftest|\.gitlab-ci\.yml$/i.test(path)
}

/** Only the globs that cases use: a path, or `folder/**`. */
function fits(glob: string, path: string): boolean {
  return glob === path || (glob.endsWith('/**') && path.startsWith(glob.slice(0, -2)))
}
