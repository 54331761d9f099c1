import type { Command } from 'commander'
import { storeSurroundings } from '../flags.ts'
import { collect, oneOf, wholeNumber } from '../options.ts'
import type { Session } from '../session.ts'

interface GitLabFlags {
  folder: string
  port: number
  token?: string
  projects?: string[]
  sandbox: 'required' | 'best_effort' | 'off'
  network?: boolean
  awkward?: boolean
  modelPort: number
}

interface ModelFlags {
  script: string
  port: number
}

/** `greenloop dev`: servers to try things on, with nothing but this machine. */
export function registerDev(program: Command, session: Session): void {
  const dev = program
    .command('dev')
    .description('servers to try repair with on this machine: a GitLab, a scripted model')
  dev
    .command('gitlab')
    .description('a small GitLab: projects, git over HTTP, merge requests, pipelines that really run')
    .option('--folder <folder>', 'where its repositories and its state lie', '.greenloop/gitlab')
    .option('--port <n>', 'port on 127.0.0.1; 0 takes a free one', wholeNumber(0), 8929)
    .option('--token <token>', 'token of its one user; made up, and kept in the folder, unless given')
    .option(
      '--projects <folder>',
      'folder whose sub-folders become projects `demo/NAME`; repeat for more; an example with a scripted model unless given',
      collect,
    )
    .option(
      '--sandbox <mode>',
      'jobs run in a sandbox: required, best_effort or off',
      oneOf(['required', 'best_effort', 'off']),
      'best_effort',
    )
    .option('--network', 'let jobs reach the network')
    .option('--model-port <n>', 'port of the model of the example', wholeNumber(0), 8930)
    .option('--awkward', 'show the awkward sides of a GitLab: late, stale and cached answers')
    .action((flags: GitLabFlags) => serveGitLab(flags, session))
  dev
    .command('model')
    .description('an OpenAI-compatible server that answers from a script')
    .requiredOption('--script <file>', 'replies, JSON')
    .option('--port <n>', 'port on 127.0.0.1; 0 takes a free one', wholeNumber(0), 8930)
    .action((flags: ModelFlags) => serveModel(flags, session))
}

async function serveGitLab(flags: GitLabFlags, session: Session): Promise<void> {
  const [{ startDev, exampleProjects, exampleReplies, writeExampleConfig }, { startModel }] = await Promise.all([
    import('../../app/dev.ts'),
    import('../../app/dev-model.ts'),
  ])
  const { output } = session
  const log = (line: string): void => {
    if (output.progress !== 'none') output.note(`${line}\n`)
  }
  const { folder, port, sandbox, network = false, awkward = false } = flags
  const isExample = flags.projects === undefined
  const { projects = [exampleProjects], token: given = session.env.GITLAB_TOKEN } = flags
  const realism = awkward ? ('awkward' as const) : ('plain' as const)
  const around = storeSurroundings(session, {})
  const server = await startDev({ folder, port, token: given, projects, sandbox, network, realism }, log, around)
  const { url, token } = server
  const model = isExample ? await startModel({ script: exampleReplies, port: flags.modelPort }, around) : undefined
  if (output.result !== 'human') output.print(`${JSON.stringify({ url, token, model: model?.url })}\n`)
  output.note(`GitLab at ${url}\n  export GITLAB_URL=${url} GITLAB_TOKEN=${token}\n`)
  if (model !== undefined) {
    const config = await writeExampleConfig({ folder, url, model: model.url }, around)
    output.note(`a scripted model at ${model.url}\ntry     greenloop repair run --config ${config}\n`)
  }
  output.note(`Ctrl-C ends it; its state stays in ${folder}\n`)
  await untilEnded(session.signal)
  await model?.close()
  await server.close()
  session.endAsAsked(0)
}

async function serveModel({ script, port }: ModelFlags, session: Session): Promise<void> {
  const { startModel } = await import('../../app/dev-model.ts')
  const server = await startModel({ script, port }, storeSurroundings(session, {}))
  if (session.output.result !== 'human') session.output.print(`${JSON.stringify({ url: server.url })}\n`)
  session.output.note(`model at ${server.url}\n  export LLM_BASE_URL=${server.url}\nCtrl-C ends it\n`)
  await untilEnded(session.signal)
  await server.close()
  session.endAsAsked(0)
}

async function untilEnded(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise((ended) => signal.addEventListener('abort', ended, { once: true }))
}
