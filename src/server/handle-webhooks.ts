import type { ServiceContext } from '../app/service-context.ts'
import type { WebhookSender } from '../app/webhook-sender.ts'
import { createWebhook, deleteWebhook, listDeliveries, listWebhooks, rotateWebhook } from '../app/webhooks.ts'
import type { Handlers } from './handler.ts'

type Operations =
  | 'listWebhooks'
  | 'createWebhook'
  | 'deleteWebhook'
  | 'rotateWebhook'
  | 'testWebhook'
  | 'listDeliveries'
  | 'redeliver'

/** Webhooks and their deliveries. */
export function webhookHandlers(service: ServiceContext, sender: WebhookSender): Handlers<Operations> {
  return {
    listWebhooks: async () => ({ items: [...(await listWebhooks(service))] }),
    createWebhook: ({ body }) => createWebhook(service, body),
    deleteWebhook: async ({ params }) => {
      await deleteWebhook(service, params.id)
      return undefined
    },
    rotateWebhook: ({ params }) => rotateWebhook(service, params.id),
    testWebhook: ({ params }) => sender.test(params.id),
    listDeliveries: async ({ params, query }) => {
      const { items, ...rest } = await listDeliveries(service, params.id, query)
      return { items: [...items], ...rest }
    },
    redeliver: ({ params }) => sender.again(params.id, params.delivery),
  }
}
