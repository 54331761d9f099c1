import type { ApiRun, ApiRunEvent, RunProgress } from '../client/types.ts'
import type { Outcome } from '../domain/run.ts'
import { visible } from '../lib/frame.ts'
import { isRecord } from './remote-shapes.ts'
import { openProgress } from './progress.ts'
import type { Session } from './session.ts'
import { eventStream } from './stream.ts'

/** Shows the events of a run elsewhere as a run here shows its own. */
export interface RemoteView {
  onEvent(event: ApiRunEvent): void
  close(): void
}

/** The view that fits a kind of run. */
export async function remoteView(kind: ApiRun['kind'], session: Session): Promise<RemoteView> {
  if (kind === 'repair') return repairView(session)
  return kind === 'experiment' || kind === 'trial' ? countView(session) : testView(session)
}

interface TestItem {
  readonly id: string
  readonly outcome: Outcome
  readonly attempt: number
  readonly durationMs: number
  readonly message?: string
}

/** Tests come in groups with their counts behind them, so they are shown when the counts are known. */
function testView(session: Session): RemoteView {
  const view = openProgress(session.output)
  const stream = eventStream(session.output)
  const seen = new Set<string>()
  let waiting: TestItem[] = []
  const show = (total: number): void => {
    for (const item of waiting) {
      seen.add(item.id)
      const progress = { kind: 'test' as const, ...item, done: seen.size, total: Math.max(total, seen.size) }
      view.onProgress(progress)
      stream.progress(progress)
    }
    waiting = []
  }
  const count = ({ total, running }: RunProgress): void => {
    show(total)
    if (total > 0) view.onProgress({ kind: 'collected', total })
    running.forEach((id, process) => view.onProgress({ kind: 'running', id, process }))
  }
  return {
    onEvent: ({ kind, data }) => {
      if (!isRecord(data)) return
      if (kind === 'step' && typeof data.text === 'string') {
        view.step(visible(data.text))
        stream.emit({ kind, text: data.text })
      }
      if (kind === 'text' && typeof data.text === 'string') {
        view.onText(data.text)
        stream.emit({ kind, text: data.text })
      }
      if (kind === 'tests' && Array.isArray(data.items)) waiting.push(...(data.items as TestItem[]))
      if (kind === 'progress') count(data as unknown as RunProgress)
      if (kind === 'problem' && typeof data.message === 'string' && typeof data.kind === 'string') {
        const progress = { kind: 'note' as const, problem: data as never }
        view.onProgress(progress)
        stream.progress(progress)
      }
    },
    close: () => {
      show(seen.size + waiting.length)
      view.close()
    },
  }
}

/** Trials are counted. */
function countView(session: Session): RemoteView {
  const { output } = session
  const stream = eventStream(output)
  const isLive = output.progress === 'live'
  const clear = isLive ? '\r\u001b[K' : ''
  let told = 0
  const say = (text: string): void => {
    if (output.progress !== 'none') output.note(`${clear}${text}\n`)
  }
  return {
    onEvent: ({ kind, data }) => {
      if (!isRecord(data)) return
      if (kind === 'step' && typeof data.text === 'string') {
        say(visible(data.text))
        stream.emit({ kind, text: data.text })
      }
      if (kind !== 'progress') return
      const { done, total, failed } = data as unknown as RunProgress
      if (done === told || output.progress === 'none') return
      told = done
      // The counts say which trials came to an end, not yet what their checks said.
      const lost = failed === 0 ? '' : `, ${failed} without a score`
      output.note(`${clear}${done} of ${total} trials${lost}${isLive ? '' : '\n'}`)
    },
    close: () => {
      if (isLive && told > 0) output.note(clear)
    },
  }
}

async function repairView(session: Session): Promise<RemoteView> {
  const { openRepairView } = await import('./repair-lines.ts')
  const view = openRepairView(session)
  return {
    onEvent: ({ kind, data }) => {
      if (!isRecord(data)) return
      if (kind === 'step' && typeof data.text === 'string') view.onEvent({ kind: 'step', text: data.text })
      if (kind === 'repair' && isRecord(data.state)) view.onEvent({ kind: 'state', state: data.state as never })
      if (kind === 'pipeline' && Array.isArray(data.jobs)) view.onEvent(data as never)
    },
    close: () => {},
  }
}
