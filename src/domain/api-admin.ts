import { z } from 'zod'
import { nameSchema, scopes, timeSchema } from './api-common.ts'

/** A setting of the server with its origin; secrets only as set or unset. */
export const settingSchemaOfApi = z.object({ key: z.string(), value: z.unknown(), origin: z.string() })

/** A model that callers can choose by name. */
export const modelSchema = z.object({
  name: z.string(),
  mode: z.enum(['offline', 'mock', 'local', 'http']),
  /** Whether it can be used as things are. */
  ready: z.boolean(),
  detail: z.string().describe('In words: where it is, or what is missing.'),
  endpoint: z.string().optional(),
  model: z.string().optional(),
  secret: z.string().optional().describe('Name of the secret that holds its key.'),
  isBuiltIn: z.boolean().describe('Comes from the settings of the server and is not changed here.'),
})

/** A model that callers can choose by name. */
export type ApiModel = z.output<typeof modelSchema>

/** `PUT /v1/models/{name}` */
export const modelWriteSchema = z.strictObject({
  endpoint: z.url({ protocol: /^https?$/ }),
  model: z.string().min(1).max(200),
  secret: nameSchema.optional(),
})

/** `PUT /v1/models/{name}` */
export type ModelWrite = z.output<typeof modelWriteSchema>

/** A secret, without its value. */
export const secretSchema = z.object({ name: z.string(), updatedAt: timeSchema, updatedBy: z.string() })
/** A secret, without its value. */
export type ApiSecret = z.output<typeof secretSchema>
/** `PUT /v1/secrets/{name}` */
export const secretWriteSchema = z.strictObject({ value: z.string().min(1).max(65_536) })

/** A token, without itself. */
export const tokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  scope: z.enum(scopes),
  createdAt: timeSchema,
  expiresAt: timeSchema.optional(),
  lastUsedAt: timeSchema.optional(),
})
/** A token, without itself. */
export type ApiToken = z.output<typeof tokenSchema>
/** `POST /v1/tokens` */
export const tokenWriteSchema = z.strictObject({
  name: nameSchema,
  scope: z.enum(scopes),
  expiresInDays: z.int().min(1).max(3650).optional(),
})
/** A new token: the only time that it is shown. */
export const newTokenSchema = tokenSchema.extend({ token: z.string() })
/** A new token. */
export type NewToken = z.output<typeof newTokenSchema>

/** Who is asking. */
export const sessionSchema = z.object({
  name: z.string(),
  scope: z.enum(scopes),
  via: z.enum(['cookie', 'token']),
  expiresAt: timeSchema.optional(),
  version: z.string(),
  root: z.string().describe('Name of the served folder.'),
})
/** Who is asking. */
export type ApiSession = z.output<typeof sessionSchema>
/** `POST /v1/session`: the code of a one-time link, or a token. */
export const sessionWriteSchema = z.union([
  z.strictObject({ code: z.string().min(1).max(200) }),
  z.strictObject({ token: z.string().min(1).max(200) }),
])

/** What webhooks tell. */
const webhookEvents = ['run.started', 'run.finished', 'run.failed', 'run.cancelled', 'repair.gate'] as const
/** A webhook, without its key. */
export const webhookSchema = z.object({
  id: z.string(),
  url: z.string(),
  events: z.array(z.enum(webhookEvents)),
  isEnabled: z.boolean(),
  createdAt: timeSchema,
  /** Why it was switched off by itself: the other side answered 410. */
  disabledReason: z.string().optional(),
  lastDelivery: z.object({ at: timeSchema, status: z.string(), code: z.int().optional() }).optional(),
})
/** A webhook, without its key. */
export type ApiWebhook = z.output<typeof webhookSchema>
/** `POST /v1/webhooks` */
export const webhookWriteSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(2000),
  events: z.array(z.enum(webhookEvents)).min(1),
  allowPrivate: z.boolean().default(false).describe('Lets it go to addresses of the own network.'),
})
/** `POST /v1/webhooks` */
export type WebhookWrite = z.output<typeof webhookWriteSchema>
/** A new webhook with its key, Standard Webhooks: `whsec_…`; the only time that it is shown. */
export const newWebhookSchema = webhookSchema.extend({ key: z.string() })
/** One delivery of a webhook. */
export const deliverySchema = z.object({
  id: z.string(),
  event: z.string(),
  createdAt: timeSchema,
  status: z.enum(['pending', 'delivered', 'dead']),
  attempts: z.int(),
  nextAttemptAt: timeSchema.optional(),
  lastCode: z.int().optional(),
  lastError: z.string().optional(),
})
/** One delivery of a webhook. */
export type ApiDelivery = z.output<typeof deliverySchema>

/** An entry of the audit log. */
export const auditSchema = z.object({
  at: timeSchema,
  who: z.string(),
  action: z.string(),
  target: z.string(),
  outcome: z.enum(['done', 'refused']),
  address: z.string(),
})
/** An entry of the audit log. */
export type AuditEntry = z.output<typeof auditSchema>

/** How the system is. */
export const systemSchema = z.object({
  version: z.string(),
  node: z.string(),
  uptimeSeconds: z.number(),
  checks: z.array(
    z.object({
      name: z.string(),
      status: z.enum(['ok', 'warn', 'fail']),
      detail: z.string(),
      fix: z.string().optional(),
    }),
  ),
  queue: z.object({ queued: z.int(), running: z.int(), slots: z.int(), oldestQueuedSeconds: z.number().optional() }),
  disk: z.object({ folder: z.string(), freeBytes: z.number(), totalBytes: z.number() }),
  memory: z.object({ rssBytes: z.number() }),
  store: z.object({ kind: z.enum(['embedded', 'shared']), bytes: z.number().optional() }),
  streams: z.int().describe('Clients that follow events.'),
  loopDelayMs: z.object({ p50: z.number(), p99: z.number() }),
})
/** How the system is. */
export type ApiSystem = z.output<typeof systemSchema>
