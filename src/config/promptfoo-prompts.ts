import type { Cursor, PromptfooImport } from './promptfoo-source.ts'
import { cursorAt, cursorOf, fileReference } from './promptfoo-source.ts'
import { parseText } from './document.ts'

/** A prompt as a variant takes it. */
export interface ImportedPrompt {
  readonly label: string | undefined
  /** Message of the system, of a chat. */
  readonly system: string | undefined
  readonly user: string
  readonly place: Cursor['place']
}

/** Reads `prompts`: texts, files, lists of both, objects with `raw` or `id`, and chats in JSON or YAML. */
export async function readPrompts(prompts: Cursor, run: PromptfooImport): Promise<readonly ImportedPrompt[]> {
  const members = prompts.members()
  if (isPrompt(prompts) || members.length === 0) {
    return (await Promise.all(prompts.items().map((each) => readPrompt(each, run)))).flat()
  }
  // An older form: paths with labels.
  const read = members.map(async ([path, label]) =>
    labelled(await readPath(path, label, run), typeof label.value === 'string' ? label.value : undefined),
  )
  return (await Promise.all(read)).flat()
}

const isPrompt = ({ value }: Cursor): boolean =>
  typeof value === 'object' && value !== null && ('raw' in value || 'id' in value || 'label' in value)

function labelled(prompts: readonly ImportedPrompt[], label: string | undefined): readonly ImportedPrompt[] {
  if (label === undefined) return prompts
  return prompts.map((prompt, index) => ({ ...prompt, label: prompts.length > 1 ? `${label}-${index + 1}` : label }))
}

async function readPrompt(at: Cursor, run: PromptfooImport): Promise<readonly ImportedPrompt[]> {
  if (typeof at.value === 'string') return await readText(at, run)
  const label = at.at('label').value
  const raw = at.at('raw')
  const id = at.at('id')
  for (const [key, member] of at.members()) {
    if (!['label', 'raw', 'id', 'display'].includes(key)) run.note(member, `\`${key}\` of a prompt is not taken over`)
  }
  const source = raw.value === undefined ? id : raw
  if (typeof source.value !== 'string') {
    run.note(at, 'a prompt without `raw` or `id` is left out')
    return []
  }
  return labelled(await readText(source, run), typeof label === 'string' ? label : undefined)
}

const promptFiles = /^[^\s{}]+\.(?:txt|md|j2|json|jsonl|ya?ml|csv|[cm]?[jt]s|py)$/u

async function readText(at: Cursor, run: PromptfooImport): Promise<readonly ImportedPrompt[]> {
  const text = String(at.value)
  const path = fileReference(text)?.path ?? (promptFiles.test(text) ? text : undefined)
  return path === undefined ? await promptOf(at, run) : await readPath(path, at, run)
}

async function readPath(path: string, at: Cursor, run: PromptfooImport): Promise<readonly ImportedPrompt[]> {
  const bare = fileReference(path)?.path ?? path
  if (/[*?]/u.test(bare) || /\.(?:[cm]?[jt]s|py|csv|jsonl)$/u.test(bare)) {
    run.note(at, `the prompts of \`${bare}\` are not taken over`, 'write them into files of text, one by one')
    return []
  }
  const name = run.nameFor(bare)
  const text = await run.read(bare)
  if (/\.(?:json|ya?ml)$/u.test(bare)) return await promptOf(cursorAt(text, { file: name, line: 1, column: 1 }), run)
  const parts = text.split(/^---[ \t]*\r?\n/mu).map((part) => part.trim())
  const prompts = parts.filter((part) => part !== '').map((part) => cursorAt(part, { file: name, line: 1, column: 1 }))
  return (await Promise.all(prompts.map((each) => promptOf(each, run)))).flat()
}

/** A text is a prompt of the user; a JSON or YAML list of messages is a chat. */
async function promptOf(at: Cursor, run: PromptfooImport): Promise<readonly ImportedPrompt[]> {
  const messages = await chatOf(String(at.value), at)
  const plain: ImportedPrompt = { label: undefined, system: undefined, user: run.content(at), place: at.place }
  if (messages === undefined) return [plain]
  const said = messages.items().map((message) => ({
    role: String(message.at('role').value),
    text: contentOf(cursorAt(message.at('content').value, at.place), run),
  }))
  const [first, second] = said
  if (said.length === 1 && first !== undefined) return [{ ...plain, user: first.text }]
  if (said.length === 2 && first?.role === 'system' && second?.role === 'user') {
    return [{ ...plain, system: first.text, user: second.text }]
  }
  run.note(
    at,
    `a chat of ${said.length} messages becomes one message`,
    'lead it as a conversation: `conversation_flows`',
  )
  return [{ ...plain, user: said.map(({ role, text }) => `${role}: ${text}`).join('\n\n') }]
}

async function chatOf(text: string, { place }: Cursor): Promise<Cursor | undefined> {
  if (!/^\s*(?:\[|- role:)/u.test(text)) return undefined
  const found = await parseText(text, place?.file ?? 'prompt').catch(() => undefined)
  if (found === undefined || !Array.isArray(found.value)) return undefined
  const cursor = cursorOf(found)
  return cursor.items().every((each) => typeof each.at('role').value === 'string') ? cursor : undefined
}

function contentOf(at: Cursor, run: PromptfooImport): string {
  if (typeof at.value === 'string') return run.content(at)
  run.note(at, 'parts of a message that are not text are not taken over')
  const texts = at.items().map((part) => part.at('text'))
  return texts.map((part) => (typeof part.value === 'string' ? run.content(part) : '')).join('')
}
