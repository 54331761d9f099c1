import { useText } from '../lib/i18n.ts'
import { useUrlValue } from '../lib/url.ts'
import { Tabs } from '../parts/tabs.tsx'
import { RunAnswer } from './run-answer.tsx'
import { RunArtifacts } from './run-artifacts.tsx'
import { RunLog } from './run-log.tsx'
import { RunScript } from './run-script.tsx'
import { RunTests } from './run-tests.tsx'
import { RunTimeline } from './run-timeline.tsx'
import type { ReactElement } from 'react'
import type { ApiRunDetail } from '../../../src/client/types.ts'

const contents = {
  tests: RunTests,
  log: RunLog,
  script: RunScript,
  answer: RunAnswer,
  artifacts: RunArtifacts,
  timeline: RunTimeline,
} as const

type TabId = keyof typeof contents

/** What a run left, by tabs. */
export function RunTabs({ run }: { readonly run: ApiRunDetail }): ReactElement {
  const t = useText()
  const [chosen, choose] = useUrlValue('tab')
  const shown = tabsOf(run)
  const tab = shown.find((each) => each === chosen) ?? shown[0] ?? 'artifacts'
  const Content = contents[tab]
  const counts: Partial<Record<TabId, number | undefined>> = {
    tests: run.progress?.total,
    artifacts: run.artifacts.length,
  }
  return (
    <Tabs
      label={run.title}
      value={tab}
      onChange={choose}
      tabs={shown.map((id) => ({ id, label: t(`run.tab.${id}`), count: counts[id] }))}
    >
      <Content run={run} />
    </Tabs>
  )
}

function tabsOf({ kind, artifacts, generatedBy, progress }: ApiRunDetail): readonly TabId[] {
  const has = (role: string) => artifacts.some((artifact) => artifact.role === role)
  const tests: readonly TabId[] = kind === 'generate' && !progress ? [] : ['tests']
  const script: readonly TabId[] = generatedBy || has('script') ? ['script'] : []
  const answer: readonly TabId[] = has('prompt') || has('answer') ? ['answer'] : []
  return [...tests, ...script, ...answer, 'log', 'artifacts', 'timeline']
}
