import { readFile } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import type { FileSpec } from '../domain/case.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { TargetCall, TargetSetup } from '../domain/target.ts'
import type { Workflow } from '../domain/workflow.ts'
import { fillText } from '../lib/fill.ts'
import { variableMaker } from './http-target-request.ts'

/** A workflow that is a prompt for a model. */
export type ModelWorkflow = Extract<Workflow, { target: 'openai' }>

interface Message {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: unknown
}

/** Makes the body of a chat completion, without what concerns streaming. Throws `target_refused`. */
export type BodyMaker = (call: TargetCall) => Promise<Record<string, unknown>>

/**
 * Compiles what a model is asked: the system prompt (the variant's, unless the user's message names `{{prompt}}`, which
 * is then where the variant's goes), the turns so far, the message of the user, images. Sampling of the variant goes
 * before that of the workflow.
 */
export function completionBodyMaker(workflow: ModelWorkflow, { folder }: TargetSetup): BodyMaker {
  const variablesOf = variableMaker(workflow)
  const userTakesPrompt = /\{\{\s*prompt\s*\}\}/u.test(workflow.prompt ?? '')
  return async (call) => {
    const missing = new Set<string>()
    const variables = variablesOf(call)
    const filled = (template: string): string => fillText(template, variables, (name) => missing.add(name))
    const systemTemplate = (userTakesPrompt ? undefined : call.prompt) ?? workflow.system ?? ''
    const system = filled(systemTemplate)
    const user = workflow.prompt === undefined ? (call.query ?? JSON.stringify(call.inputs)) : filled(workflow.prompt)
    if (missing.size > 0) throw missingNames([...missing], workflow)
    const messages: Message[] = [
      ...(system === '' ? [] : [{ role: 'system', content: system } as const]),
      ...call.history.flatMap(({ query, answer }): Message[] => [
        { role: 'user', content: query },
        { role: 'assistant', content: answer },
      ]),
      { role: 'user', content: call.files.length === 0 ? user : await withImages(user, call.files, folder) },
    ]
    return { ...workflow.sampling, ...call.sampling, model: call.model ?? workflow.model, messages }
  }
}

function missingNames(names: readonly string[], { id }: ModelWorkflow): GreenloopError {
  const listed = names.map((name) => `\`{{${name}}}\``).join(', ')
  return new GreenloopError(
    'target_refused',
    `the prompt of workflow \`${id}\` names ${listed}, which no input gives`,
    {
      help: 'add the input to the rows, or declare it among the `parameters` of the workflow',
    },
  )
}

const imageTypes: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
}

async function withImages(text: string, files: readonly FileSpec[], folder: string): Promise<unknown[]> {
  const images = files.map(async (file) => ({ type: 'image_url', image_url: { url: await imageUrl(file, folder) } }))
  return [{ type: 'text', text }, ...(await Promise.all(images))]
}

async function imageUrl({ path, url, type }: FileSpec, folder: string): Promise<string> {
  const mime = imageTypes[extname(path ?? '').toLowerCase()]
  if (type !== 'image' || (url === undefined && mime === undefined)) {
    throw new GreenloopError('target_refused', `a chat completion takes images, not \`${path ?? url}\` (${type})`, {
      help: 'set `type: image` for PNG, JPEG, WebP and GIF files',
    })
  }
  if (url !== undefined) return url
  const absolute = resolve(folder, path ?? '')
  const bytes = await readFile(absolute).catch((cause: unknown) => {
    throw new GreenloopError('file_missing', `the image \`${path}\` cannot be read`, { cause })
  })
  return `data:${mime};base64,${bytes.toString('base64')}`
}
