import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { Plan } from '../domain/plan.ts'
import type { Prompt } from '../domain/ports.ts'
import { estimateTokens } from '../lib/tokens.ts'
import { promptContext, type RetrievedTest } from './prompt-context.ts'
import { unknownNames } from './template-check.ts'

/** What a prompt may hold beside the plan, and what shapes it. */
export interface PromptOptions {
  /** Random text that fences the data; a fixed one gives the same prompt again. */
  readonly boundary: string
  /** A template file that takes the place of the framework's own. */
  readonly templatePath?: string | undefined
  /** Template text; wins over `templatePath`. */
  readonly templateText?: string | undefined
  /** Values that are added to the context of the template, or replace it. */
  readonly context?: Readonly<Record<string, unknown>> | undefined
  readonly specText?: string | undefined
  readonly retrieved?: readonly RetrievedTest[] | undefined
}

/** A prompt with where it came from and what it will cost, roughly. */
export interface RenderedPrompt extends Prompt {
  readonly templateName: string
  readonly estimatedTokens: number
}

interface Template {
  readonly name: string
  readonly text: string
}

/**
 * Renders the prompt of a plan from Jinja templates. Throws `template_invalid` (with the template, and the line where
 * it is known) for a template that does not parse or names what the context lacks, `file_missing` for one not there.
 */
export async function renderPrompt(plan: Plan, options: PromptOptions): Promise<RenderedPrompt> {
  const [jinja, system, shared, template] = await Promise.all([
    import('@huggingface/jinja'),
    ownTemplate('system.jinja'),
    ownTemplate('shared.jinja'),
    chosenTemplate(plan, options),
  ])
  const context = contextOf(plan, options)
  const macros = [...shared.text.matchAll(/macro\s+(\w+)/gu)].map((match) => match[1] ?? '')
  const known = { ...context, ...Object.fromEntries(macros.map((name) => [name, true])) }
  const render = (part: Template, prelude: string): string => {
    try {
      const parsed = new jinja.Template(part.text)
      refuseUnknown(unknownNames(parsed.parsed, part.text, known), part, Object.keys(known))
      return tidy(new jinja.Template(prelude + part.text).render(context))
    } catch (cause) {
      if (cause instanceof GreenloopError) throw cause
      throw brokenTemplate(part, cause)
    }
  }
  const prompt = { system: render(system, ''), user: render(template, shared.text.trimEnd()) }
  return {
    ...prompt,
    templateName: template.name,
    estimatedTokens: estimateTokens(prompt.system) + estimateTokens(prompt.user),
  }
}

function contextOf(plan: Plan, options: PromptOptions): Record<string, unknown> {
  const base = promptContext(plan, {
    spec_text: options.specText ?? '',
    retrieved: options.retrieved ?? [],
    boundary: '',
  })
  const context: Record<string, unknown> = { ...base, ...options.context }
  // Data that holds the boundary could end its own fence.
  const data = JSON.stringify(context)
  let boundary = `=== ${options.boundary} ===`
  for (let count = 2; data.includes(boundary); count++) boundary = `=== ${options.boundary}-${count} ===`
  return { ...context, boundary: context['boundary'] === '' ? boundary : context['boundary'] }
}

async function ownTemplate(name: string): Promise<Template> {
  return { name, text: await readFile(new URL(`./templates/${name}`, import.meta.url), 'utf8') }
}

async function chosenTemplate(plan: Plan, { templateText, templatePath }: PromptOptions): Promise<Template> {
  if (templateText !== undefined) return { name: basename(templatePath ?? 'template'), text: templateText }
  if (templatePath === undefined) return ownTemplate(`${plan.framework}.jinja`)
  try {
    return { name: templatePath, text: await readFile(templatePath, 'utf8') }
  } catch (cause) {
    throw new GreenloopError('file_missing', `the prompt template ${templatePath} cannot be read`, { cause })
  }
}

function refuseUnknown(unknown: ReturnType<typeof unknownNames>, template: Template, known: readonly string[]): void {
  const [first] = unknown
  if (first === undefined) return
  const problems = unknown.map(({ name, line }) => ({
    message: `\`${name}\` is not defined`,
    place: placeOf(template, line),
  }))
  throw new GreenloopError(
    'template_invalid',
    `the template ${template.name} uses \`${first.name}\`, which is not defined`,
    {
      place: placeOf(template, first.line),
      help: `known names: ${known.toSorted().join(', ')}`,
      problems,
    },
  )
}

function brokenTemplate(template: Template, cause: unknown): GreenloopError {
  // The template engine runs past the end of its input where a block is left open.
  const open = cause instanceof TypeError ? 'a `{{`, a `{%` or a block such as `{% if %}` is left open' : undefined
  const message = open ?? (cause instanceof Error ? cause.message : String(cause))
  return new GreenloopError('template_invalid', `the template ${template.name} cannot be rendered: ${message}`, {
    cause,
    place: placeOf(template, undefined),
  })
}

function placeOf({ name, text }: Template, line: number | undefined): { file: string; line?: number; text?: string } {
  if (line === undefined) return { file: name }
  return { file: name, line, text: text.split('\n')[line - 1] ?? '' }
}

function tidy(text: string): string {
  return `${text
    .replaceAll(/[ \t]+$/gmu, '')
    .replaceAll(/\n{3,}/gu, '\n\n')
    .trim()}\n`
}
