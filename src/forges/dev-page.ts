import { plainText } from '../lib/plain-text.ts'
import { xmlText } from '../lib/xml.ts'
import { readDiffs } from './dev-diffs.ts'
import type { DevReply } from './dev-http.ts'
import { mergeStatus } from './dev-merge.ts'
import { diffMarkup, markdown } from './dev-markdown.ts'
import { badge, document, link, list, preformatted, table } from './dev-page-parts.ts'
import type { DevJob, DevMergeRequest, DevPipeline, DevProject } from './dev-records.ts'
import type { DevRoom } from './dev-scope.ts'
import { findProject, jobsOf, pipelinesOf } from './dev-world.ts'
import type { DevWorld } from './dev-world.ts'

const maxShown = 100
const maxTraceShown = 512 * 1024

/** A page for people: projects, or what stands at the web address of a project, merge request, pipeline or job. */
export async function pageReply(room: DevRoom, path: string): Promise<DevReply> {
  const { world } = room
  if (path === '/') return page('Projects', projectList(world))
  const [, projectPath = '', kind, id] = /^\/(.+?)(?:\/-\/(merge_requests|pipelines|jobs)\/(\d+))?\/?$/.exec(path) ?? []
  const project = findProject(world, projectPath)
  if (project === undefined) return page('404', '<p>Nothing is here.</p>', 404)
  const body =
    kind === undefined ? projectPage(world, project) : await partPage(room, project, { kind, id: Number(id) })
  if (body === undefined) return page('404', '<p>Nothing is here.</p>', 404)
  const up = `<nav>${link('/', 'Projects')} / ${link(`/${project.path}`, project.path)}</nav>`
  return page(titleOf(project, kind, id), up + body)
}

const kinds: Readonly<Record<string, string>> = {
  merge_requests: 'Merge request !',
  pipelines: 'Pipeline #',
  jobs: 'Job #',
}

function titleOf({ path }: DevProject, kind = '', id = ''): string {
  return kind === '' ? path : `${kinds[kind] ?? ''}${id}`
}

function page(title: string, body: string, status = 200): DevReply {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
  }
  return { status, text: document(title, body), headers }
}

function projectList(world: DevWorld): string {
  return list(world.store.state.projects.map(({ path }) => link(`/${path}`, path)))
}

async function partPage(
  room: DevRoom,
  project: DevProject,
  { kind, id }: { readonly kind: string; readonly id: number },
): Promise<string | undefined> {
  const { mergeRequests, pipelines, jobs } = room.world.store.state
  const isHere = ({ projectId }: { readonly projectId: number }): boolean => projectId === project.id
  const request = mergeRequests.find((one) => kind === 'merge_requests' && isHere(one) && one.iid === id)
  if (request !== undefined) return requestPage(room.world, project, request)
  const pipeline = pipelines.find((one) => kind === 'pipelines' && isHere(one) && one.id === id)
  if (pipeline !== undefined) return pipelinePage(room.world, project, pipeline)
  const job = jobs.find((one) => kind === 'jobs' && isHere(one) && one.id === id)
  return job === undefined ? undefined : jobPage(room, project, job)
}

function projectPage(world: DevWorld, project: DevProject): string {
  const { mergeRequests, pipelines } = world.store.state
  const requests = mergeRequests.filter(({ projectId }) => projectId === project.id).toReversed()
  const own = pipelines.filter(({ projectId }) => projectId === project.id).toReversed()
  return [
    `<p>git clone ${xmlText(`${world.url()}/${project.path}.git`)}</p>`,
    '<h2>Merge requests</h2>',
    list(requests.slice(0, maxShown).map((one) => `${requestLink(project, one)} ${xmlText(one.title)} (${one.state})`)),
    '<h2>Pipelines</h2>',
    pipelineTable(project, own),
  ].join('\n')
}

async function requestPage(world: DevWorld, project: DevProject, request: DevMergeRequest): Promise<string> {
  const status = await mergeStatus(world, project, request)
  const notes = world.store.state.notes.filter(({ projectId, iid }) => projectId === project.id && iid === request.iid)
  const diffs = await readDiffs(world, project, request)
  return [
    `<h2>${xmlText(request.title)}</h2>`,
    `<p>${request.state}, ${xmlText(status)}: ${xmlText(request.sourceBranch)} into ${xmlText(request.targetBranch)}</p>`,
    markdown(request.description),
    '<h2>Comments</h2>',
    ...notes.map(({ body }) => `<article>${markdown(body)}</article>`),
    '<h2>Pipelines</h2>',
    pipelineTable(project, pipelinesOf(world, request).toReversed()),
    '<h2>Changes</h2>',
    ...diffs.map(({ new_path: path, diff }) => `<h3>${xmlText(path)}</h3>${diffMarkup(diff)}`),
  ].join('\n')
}

function pipelinePage(world: DevWorld, project: DevProject, pipeline: DevPipeline): string {
  const rows = jobsOf(world, pipeline.id).map((job) => [
    link(`/${project.path}/-/jobs/${job.id}`, job.name),
    xmlText(job.stage),
    badge(job.status) + (job.isRetried ? ' (retried)' : '') + (job.allowFailure ? ' (may fail)' : ''),
    job.downstream === undefined ? '' : link(`/${project.path}/-/pipelines/${job.downstream}`, `#${job.downstream}`),
  ])
  return [
    `<p>${badge(pipeline.status)}</p>`,
    `<p>${xmlText(`${pipeline.source}, ${pipeline.ref}, ${pipeline.sha}`)}</p>`,
    pipeline.yamlErrors === undefined ? '' : preformatted(pipeline.yamlErrors),
    table(['Job', 'Stage', 'Status', 'Child'], rows),
  ].join('\n')
}

async function jobPage({ traces }: DevRoom, project: DevProject, job: DevJob): Promise<string> {
  const trace = await traces.read(job.id)
  return [
    `<h2>${xmlText(job.name)} ${badge(job.status)}</h2>`,
    `<p>${link(`/${project.path}/-/pipelines/${job.pipelineId}`, `Pipeline #${job.pipelineId}`)}</p>`,
    preformatted(shownTrace(trace)),
  ].join('\n')
}

/** What a person reads: no colours, no marks of sections, of lines written over each other the last. */
function shownTrace(trace: Buffer): string {
  const text = trace.subarray(Math.max(0, trace.length - maxTraceShown)).toString('utf8')
  return plainText(text.replaceAll(/section_(?:start|end):\d+:[^\r\n]*\r/g, ''))
}

function pipelineTable(project: DevProject, pipelines: readonly DevPipeline[]): string {
  const rows = pipelines
    .slice(0, maxShown)
    .map(({ id, status, ref, sha, source }) => [
      link(`/${project.path}/-/pipelines/${id}`, `#${id}`),
      badge(status),
      xmlText(ref),
      xmlText(sha.slice(0, 8)),
      xmlText(source),
    ])
  return table(['Pipeline', 'Status', 'Branch', 'Commit', 'Source'], rows)
}

const requestLink = (project: DevProject, { iid }: DevMergeRequest): string =>
  link(`/${project.path}/-/merge_requests/${iid}`, `!${iid}`)
