import type { ServiceContext } from '../app/service-context.ts'
import { checkSuite, createSuite, listSuites, readSuite, suiteJsonSchema, writeSuite } from '../app/suites.ts'
import { previewPlan } from '../app/suites-preview.ts'
import { reply } from './handler.ts'
import type { Handlers } from './handler.ts'

type SuiteOperation =
  | 'listSuites'
  | 'getSuite'
  | 'createSuite'
  | 'writeSuite'
  | 'checkSuite'
  | 'getSuiteSchema'
  | 'previewPlan'

/** Operations on suites. */
export function suiteHandlers(service: ServiceContext): Handlers<SuiteOperation> {
  return {
    listSuites: async () => ({ items: [...(await listSuites(service))] }),
    getSuite: async ({ params }) => {
      const suite = await readSuite(service, params.id)
      return reply(suite, { ETag: suite.etag })
    },
    createSuite: async ({ body }) => {
      const suite = await createSuite(service, body)
      return reply(suite, { ETag: suite.etag, Location: `/v1/suites/${suite.id}` })
    },
    writeSuite: async ({ params, body }, { request }) => {
      const ifMatch = request.headers.get('if-match') ?? undefined
      const suite = await writeSuite(service, params.id, { ...body, ifMatch })
      return reply(suite, { ETag: suite.etag })
    },
    checkSuite: ({ body }) => checkSuite(body),
    getSuiteSchema: async () => suiteJsonSchema(),
    previewPlan: ({ body }) => previewPlan(service, body),
  }
}
