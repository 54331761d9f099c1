import type { Access } from '../app/access.ts'
import { checkModel, deleteModel, listModels, writeModel } from '../app/models.ts'
import { deleteSecret, listSecrets, writeSecret } from '../app/secrets.ts'
import type { ServiceContext } from '../app/service-context.ts'
import { shownSettings } from '../app/system-settings.ts'
import type { SystemMonitor } from '../app/system.ts'
import type { Handlers } from './handler.ts'

type SettingOperation =
  | 'getSettings'
  | 'listModels'
  | 'writeModel'
  | 'deleteModel'
  | 'checkModel'
  | 'listSecrets'
  | 'writeSecret'
  | 'deleteSecret'
  | 'listTokens'
  | 'createToken'
  | 'deleteToken'
  | 'listAudit'
  | 'getSystem'

/** What the operations on settings work with. */
export interface SettingParts {
  readonly access: Access
  readonly system: SystemMonitor
}

/** Operations on settings, models, secrets, tokens and the system. */
export function settingHandlers(service: ServiceContext, { access, system }: SettingParts): Handlers<SettingOperation> {
  return {
    getSettings: async () => ({ items: [...(await shownSettings(service))] }),
    listModels: async () => ({ items: [...(await listModels(service))] }),
    writeModel: ({ params, body }) => writeModel(service, params.name, body),
    deleteModel: ({ params }) => nothing(deleteModel(service, params.name)),
    checkModel: ({ params }, { signal }) => checkModel(service, params.name, signal),
    listSecrets: async () => ({ items: [...(await listSecrets(service))] }),
    writeSecret: ({ params, body }, { caller }) =>
      writeSecret(service, { name: params.name, value: body.value }, caller?.name ?? ''),
    deleteSecret: ({ params }) => nothing(deleteSecret(service, params.name)),
    listTokens: async () => ({ items: [...(await access.listTokens())] }),
    createToken: ({ body }) => access.createToken(body),
    deleteToken: ({ params }) => nothing(access.deleteToken(params.id)),
    listAudit: async ({ query }) => {
      const { items, nextCursor } = await access.listAudit(query)
      return { items: [...items], nextCursor }
    },
    getSystem: () => system.view(),
  }
}

async function nothing(work: Promise<void>): Promise<undefined> {
  await work
}
