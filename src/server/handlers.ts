import type { Access } from '../app/access.ts'
import type { ServiceContext } from '../app/service-context.ts'
import type { SystemMonitor } from '../app/system.ts'
import type { WebhookSender } from '../app/webhook-sender.ts'
import type { OperationId } from '../client/routes.ts'
import type { Handlers } from './handler.ts'
import { artifactHandlers } from './handle-artifacts.ts'
import { combinationHandlers } from './handle-combinations.ts'
import { eventHandlers } from './handle-events.ts'
import { experimentHandlers } from './handle-experiments.ts'
import { historyHandlers } from './handle-history.ts'
import { patchHandlers } from './handle-patches.ts'
import { planHandlers } from './handle-plans.ts'
import { repairHandlers } from './handle-repairs.ts'
import { sessionHandlers } from './handle-session.ts'
import type { SessionFacts } from './handle-session.ts'
import { settingHandlers } from './handle-settings.ts'
import { startHandlers } from './handle-start.ts'
import { suiteHandlers } from './handle-suites.ts'
import { taskHandlers } from './handle-tasks.ts'
import { webhookHandlers } from './handle-webhooks.ts'
import type { StreamHub } from './stream-hub.ts'

/** What handlers work with beside the service. */
export interface HandlerParts {
  readonly access: Access
  readonly hub: StreamHub
  readonly system: SystemMonitor
  readonly webhooks: WebhookSender
  readonly facts: SessionFacts
}

/** Everything that the API can do. */
export function allHandlers(service: ServiceContext, parts: HandlerParts): Handlers<OperationId> {
  const { access, hub, webhooks, facts } = parts
  return {
    ...startHandlers(service),
    ...taskHandlers(service),
    ...historyHandlers(service),
    ...eventHandlers(service, hub),
    ...artifactHandlers(service),
    ...suiteHandlers(service),
    ...planHandlers(service),
    ...patchHandlers(service),
    ...combinationHandlers(service),
    ...experimentHandlers(service),
    ...repairHandlers(service),
    ...settingHandlers(service, parts),
    ...sessionHandlers(service, access, facts),
    ...webhookHandlers(service, webhooks),
  }
}
