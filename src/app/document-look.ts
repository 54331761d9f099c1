import { parseText } from '../config/document.ts'
import { combiningAliases } from '../config/plan-dimensions.ts'
import { experimentShape } from '../config/plan-aliases.ts'
import { suiteAliasTables } from '../config/suite-aliases.ts'
import { GreenloopError } from '../domain/errors.ts'
import { suiteSchema } from '../domain/suite.ts'
import { foldName } from '../lib/nearest.ts'

/** What a file seems to be, by its outermost keys. */
export type DocumentLook =
  | {
      readonly kind: 'suite'
      readonly name: string | undefined
      readonly cases: number
      readonly endpoints: number
      /** An outermost key that no suite has. */
      readonly foreign?: string | undefined
    }
  | { readonly kind: 'plan'; readonly name: string | undefined }
  | { readonly kind: 'other' }

const suiteKeys = new Set(
  [...Object.keys(suiteSchema.shape), ...Object.keys(suiteAliasTables['suite'] ?? {})].map(foldName),
)
const planAliases = { ...combiningAliases, ...experimentShape.aliases }

/** Keys of a plan that no other file has. */
const planKeys = [
  'pairwiseDimensions',
  'pairwise_dimensions',
  'datasets',
  'scenarios',
  'conversationFlows',
  'testData',
  'evaluation',
]

/** A file of this name is a plan, whatever it holds. */
const isPlanFile = /(?:^|\/)test_plan[^/]*\.(?:ya?ml|json)$/iu
const suiteWords = /greenloop\.suite\/|"?\b(?:target|sut)"?\s*:/iu
const suiteContents = /greenloop\.suite\/|(?:cases|endpoints|tests|apis|用例)"?\s*:/iu
const planWords =
  /^\s*"?(?:pairwise|dimensions|datasets?|scenarios|conversation|flows|rows|test_?data|data|eval|evaluation)\w*"?\s*:/imu

/** Whether it is worth parsing a text to see whether it is a suite or a plan. Linear in the text. */
export function mayBeDocument(text: string, file: string): boolean {
  return isPlanFile.test(file) || (suiteWords.test(text) && suiteContents.test(text)) || planWords.test(text)
}

/** Takes a look at a text; one that does not parse is judged by its words, so that it can be found and mended. */
export async function lookAt(text: string, file: string): Promise<DocumentLook> {
  const isNamedPlan = isPlanFile.test(file)
  try {
    const { value } = await parseText(text, file)
    return lookAtValue(value, isNamedPlan)
  } catch (error) {
    if (!(error instanceof GreenloopError)) throw error
    if (isNamedPlan) return { kind: 'plan', name: undefined }
    const isSuite = suiteWords.test(text) && suiteContents.test(text)
    return isSuite ? { kind: 'suite', name: undefined, cases: 0, endpoints: 0 } : { kind: 'other' }
  }
}

function lookAtValue(value: unknown, isNamedPlan: boolean): DocumentLook {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'other' }
  const members = Object.entries(value)
  const suite = canonical(members, suiteAliasTables['suite'] ?? {})
  const schema = suite.get('schema')
  const isMarked = typeof schema === 'string' && schema.startsWith('greenloop.suite/')
  if (isMarked || (suite.has('target') && (suite.has('cases') || suite.has('endpoints')))) {
    return {
      kind: 'suite',
      name: textOf(suite.get('name')),
      cases: lengthOf(suite.get('cases')),
      endpoints: lengthOf(suite.get('endpoints')),
      foreign: members.map(([key]) => key).find((key) => !suiteKeys.has(foldName(key))),
    }
  }
  const plan = canonical(members, planAliases)
  const hasSubject = plan.has('workflows') || plan.has('catalog') || plan.has('variants')
  if (isNamedPlan || (hasSubject && planKeys.some((key) => plan.has(key)))) {
    return { kind: 'plan', name: textOf(plan.get('name')) }
  }
  return { kind: 'other' }
}

function canonical(
  members: readonly (readonly [string, unknown])[],
  aliases: Readonly<Record<string, string>>,
): ReadonlyMap<string, unknown> {
  return new Map(members.map(([key, value]) => [Object.hasOwn(aliases, key) ? (aliases[key] ?? key) : key, value]))
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, 300) : undefined
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 0
}
