import type { Problem } from '../domain/errors.ts'
import { isReference, isSecretKey, variablesOf, workflowTexts, type Variables } from './expansion.ts'
import type { PlanParts } from './plan-parts.ts'
import type { PlanSources } from './plan-sources.ts'
import { withoutText, type View } from './plan-view.ts'

/**
 * Warnings of variables that are not set, and of keys that stand in the environment; problems of keys that stand where
 * they would become part of manifests.
 */
export function keyFindings(
  { environment, catalogs, plan }: PlanSources,
  { tried }: PlanParts,
  env: Variables,
): { readonly warnings: readonly Problem[]; readonly problems: readonly Problem[] } {
  const isTried = (owner: View): boolean => tried.some((one) => one.get('id').text === owner.get('id').text)
  const texts = [
    ...(environment === undefined ? [] : textsIn(environment.view, 'environment')),
    ...catalogs.flatMap(({ view }) => view.get('workflows').items()).flatMap((one) => textsIn(one, 'workflow')),
    ...plan.view
      .get('variants')
      .items()
      .flatMap((one) => ['keys', 'versions', 'model'].flatMap((key) => textsIn(one.get(key), key))),
  ]
  const unset = texts.flatMap(({ view, text }) =>
    variablesOf(text)
      .filter((name) => (env[name] ?? '') === '')
      .map((name) => ({
        message: `the variable \`${name}\` is not set`,
        place: view.place(),
        help: 'set it in the environment or in `.env` before the run',
      })),
  )
  const literal = texts.filter(({ text, path }) => isLiteralKey(path, text))
  const isPassedOn = ({ path, owner }: Text): boolean =>
    path[0] === 'keys' || (path[0] === 'workflow' && owner !== undefined && isTried(owner))
  return {
    warnings: [
      ...unset,
      ...unfilledTexts(plan.view, env),
      ...literal.filter((text) => !isPassedOn(text)).map(literalKey),
    ],
    problems: literal.filter(isPassedOn).map(literalKey),
  }
}

/** A variable that is set, or has a default, was surely meant as one, but the texts of a plan are the user's own. */
function unfilledTexts(plan: View, env: Variables): Problem[] {
  const variants = plan.get('variants').items()
  const holders = [
    ...variants.flatMap((one) => [one.get('prompt'), one.get('inputs')]),
    plan.get('evaluation').get('checks'),
  ]
  const meant = holders
    .flatMap((holder) => deeper(holder, ['plan']))
    .filter(({ text }) => {
      const named = variablesOf(text)
      return named.some((name) => (env[name] ?? '') !== '') || (isReference(text) && named.length === 0)
    })
  return meant.slice(0, 1).map(({ view }) => ({
    message: 'a variable of the environment is not filled in here, and the text is sent as it is',
    place: view.place(),
    help: 'variables are filled in env.yaml, in settings of workflows, in keys, versions, models and paths',
  }))
}

interface Text {
  readonly view: View
  readonly text: string
  /** Keys from the part on. */
  readonly path: readonly string[]
  /** The part. */
  readonly owner?: View
}

function textsIn(view: View, name: string): Text[] {
  return deeper(view, [name]).map((text) => ({ ...text, owner: view }))
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

function literalKey({ view, path }: Text): Problem {
  const server = path[0] === 'environment' && path[1] === 'servers'
  const name = server ? 'DIFY_API_KEY' : 'NAME'
  return {
    message: 'a key stands in the file as it is, and would be committed with it',
    place: withoutText(view.place()),
    help: `write \`\${${name}}\` and set the variable in the environment or in \`.env\``,
  }
}
