import type { Problem } from '../domain/errors.ts'
import { isReference, isSecretKey, variablesOf, workflowTexts, type Variables } from './expansion.ts'
import type { PlanSources } from './plan-sources.ts'
import { withoutText, type View } from './plan-view.ts'

/** Warnings of variables that are not set, and of keys that stand in a file. */
export function keyWarnings({ environment, catalogs, plan }: PlanSources, env: Variables): Problem[] {
  const texts = [
    ...(environment === undefined ? [] : textsIn(environment.view, 'environment')),
    ...catalogs.flatMap(({ view }) => view.get('workflows').items()).flatMap((one) => textsIn(one, 'workflow')),
    ...plan.view
      .get('variants')
      .items()
      .flatMap((one) => [...textsIn(one.get('keys'), 'keys'), ...textsIn(one.get('versions'), 'versions')]),
  ]
  return texts.flatMap(({ view, text, path }) => {
    const missing = variablesOf(text).filter((name) => (env[name] ?? '') === '')
    const unset = missing.map((name) => ({
      message: `the variable \`${name}\` is not set`,
      place: view.place(),
      help: 'set it in the environment or in `.env` before the run',
    }))
    return isLiteralKey(path, text) ? [...unset, literalKey(view, path)] : unset
  })
}

interface Text {
  readonly view: View
  readonly text: string
  /** Keys from the part on. */
  readonly path: readonly string[]
}

function textsIn(view: View, name: string): Text[] {
  return deeper(view, [name])
}

function deeper(view: View, path: readonly string[]): Text[] {
  if (view.text !== undefined) return [{ view, text: view.text, path }]
  const members = view
    .entries()
    .filter(([key]) => !(path[0] === 'workflow' && path.length === 1 && workflowTexts.has(key)))
  return [
    ...members.flatMap(([key, member]) => deeper(member, [...path, key])),
    ...view.items().flatMap((item) => deeper(item, path)),
  ]
}

function isLiteralKey(path: readonly string[], text: string): boolean {
  const key = path.at(-1) ?? ''
  const holder = path.at(-2)
  // Outside of headers and keys, only members that the schema has are keys: data of the user is called anything.
  if (path.includes('body')) return false
  const isKey = holder === 'keys' || (holder === 'headers' ? isSecretKey(key) : ownKeys.has(key))
  return isKey && !isReference(text)
}

const ownKeys = new Set(['apiKey', 'password', 'token'])

function literalKey(view: View, path: readonly string[]): Problem {
  const server = path[0] === 'environment' && path[1] === 'servers'
  const name = server ? 'DIFY_API_KEY' : 'NAME'
  return {
    message: 'a key stands in the file as it is, and would be committed with it',
    place: withoutText(view.place()),
    help: `write \`\${${name}}\` and set the variable in the environment or in \`.env\``,
  }
}
