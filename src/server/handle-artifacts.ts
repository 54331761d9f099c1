import { baseName, isText, listArtifacts, openArtifact, openFile } from '../app/artifacts.ts'
import type { OpenedArtifact } from '../app/artifacts.ts'
import { readLog } from '../app/logs.ts'
import { runOf } from '../app/run-view.ts'
import type { ServiceContext } from '../app/service-context.ts'
import { isOver } from '../app/standing.ts'
import type { ApiArtifact } from '../domain/api-run.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Handlers } from './handler.ts'
import { fileResponse } from './stream-file.ts'

type Operations = 'listArtifacts' | 'getArtifact' | 'getBundle' | 'getLog'

/** What runs have left: files and logs. */
export function artifactHandlers(service: Pick<ServiceContext, 'store' | 'key'>): Handlers<Operations> {
  return {
    listArtifacts: async ({ params: { id } }) => {
      return { items: [...(await listArtifacts(service, await runOf(service, id)))] }
    },
    getArtifact: async ({ params: { id, artifact }, query: { view } }, { request }) => {
      const opened = await openArtifact(service, await runOf(service, id), artifact)
      const headers = await headersOf(opened, view)
      return fileResponse(request, opened, headers)
    },
    getBundle: async ({ params: { id } }, { request }) => {
      const run = await runOf(service, id)
      const opened = await openFile(service, run, 'bundle.zip')
      if (opened === undefined) {
        const why = isOver(run) ? 'it ended without one' : 'it is written when the run ends'
        throw new GreenloopError('entry_unknown', `the run ${id} has no bundle`, {
          why,
          help: `GET /v1/runs/${id}/artifacts lists what is there`,
        })
      }
      return fileResponse(request, opened, download(`greenloop-${id}.zip`, opened.artifact))
    },
    getLog: async ({ params: { id, log }, query }) => readLog(service, await runOf(service, id), { log, ...query }),
  }
}

/** Reports run their own scripts, but as nobody: no cookie, no storage, no request. */
const pagePolicy =
  "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
const textPolicy = "sandbox; default-src 'none'; frame-ancestors 'self'"

async function headersOf(
  { artifact, handle }: OpenedArtifact,
  view: 'download' | 'text' | 'page',
): Promise<Readonly<Record<string, string>>> {
  if (view === 'download') return download(baseName(artifact), artifact)
  if (view === 'text' && isText(artifact)) {
    return { 'content-type': 'text/plain; charset=utf-8', 'content-security-policy': textPolicy }
  }
  if (view === 'page' && artifact.mediaType === 'text/html' && artifact.role === 'report') {
    return { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': pagePolicy }
  }
  await handle.close()
  throw new GreenloopError('body_invalid', `${artifact.name} cannot be shown as ${view}`, {
    why: view === 'text' ? 'it is no text' : 'only reports of Greenloop are shown as pages',
    help: 'leave `view` out to download it',
  })
}

function download(name: string, { mediaType }: ApiArtifact): Readonly<Record<string, string>> {
  const plain = name.replaceAll(/[^\w. ()+,=@~-]/g, '_')
  const exact = encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return {
    'content-type': mediaType,
    'content-disposition': `attachment; filename="${plain}"; filename*=UTF-8''${exact}`,
    'content-security-policy': textPolicy,
  }
}
