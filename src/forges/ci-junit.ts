import type { ReportedTest } from '../domain/forge.ts'
import { capMiddle, plainText } from '../lib/plain-text.ts'
import { xmlParts } from './ci-xml.ts'
import type { XmlPart } from './ci-xml.ts'

const maxTests = 100_000
const maxOutput = 64 * 1024
const maxName = 2000
const statuses = { failure: 'failed', error: 'error', skipped: 'skipped' } as const

type Result = keyof typeof statuses

interface OpenTest {
  readonly attributes: Readonly<Record<string, string>>
  status: ReportedTest['status']
  output: string
}

/** The tests of a JUnit report, in the order of the file; or why it is none. `suite` is what they are put under. */
export function testsOfJunit(xml: string, suite: string): readonly ReportedTest[] | string {
  const tests: ReportedTest[] = []
  let test: OpenTest | undefined
  let result: Result | undefined
  let isReport = false
  for (const part of xmlParts(xml)) {
    if (part.kind === 'fault') return part.reason
    if (part.kind === 'open' && !isReport && !part.name.startsWith('testsuite')) return 'it is no JUnit report'
    isReport ||= part.kind === 'open'
    if (test !== undefined) result = within(test, part, result)
    const begun: OpenTest | undefined = test ?? opened(part)
    test = isEnd(part) ? undefined : begun
    if (test === undefined && begun !== undefined && tests.length < maxTests) tests.push(reported(begun, suite))
  }
  return isReport ? tests : 'it is no JUnit report'
}

/** Whether a test is over with this part. */
function isEnd(part: XmlPart): boolean {
  if (part.kind === 'close') return part.name === 'testcase'
  return part.kind === 'open' && part.name === 'testcase' && part.isEmpty
}

function opened(part: XmlPart): OpenTest | undefined {
  return part.kind === 'open' && part.name === 'testcase'
    ? { attributes: part.attributes, status: 'success', output: '' }
    : undefined
}

/** Takes up a part of a test; gives the element for results that is open afterwards. The first result counts. */
function within(test: OpenTest, part: XmlPart, open: Result | undefined): Result | undefined {
  switch (part.kind) {
    case 'open': {
      if (!isResult(part.name)) return open
      if (test.status === 'success') test.status = statuses[part.name]
      add(test, part.attributes['message'] ?? '')
      return part.isEmpty ? undefined : part.name
    }
    case 'text': {
      if (open !== undefined) add(test, part.text)
      return open
    }
    case 'close':
      return part.name === open ? undefined : open
    case 'fault':
      return undefined
  }
}

function isResult(name: string): name is Result {
  return Object.hasOwn(statuses, name)
}

function add(test: OpenTest, text: string): void {
  const more = text.trim()
  if (more === '' || test.output.length > 2 * maxOutput) return
  test.output = test.output === '' ? text.trim() : `${test.output}\n${more.slice(0, 4 * maxOutput)}`
}

function reported({ attributes, status, output }: OpenTest, suite: string): ReportedTest {
  const name = (text: string | undefined): string => plainText(text ?? '').slice(0, maxName)
  return {
    suite,
    classname: name(attributes['classname']),
    name: name(attributes['name']),
    ...(attributes['file'] === undefined ? {} : { file: name(attributes['file']) }),
    status,
    ...(output === '' ? {} : { output: capMiddle(plainText(output), maxOutput) }),
  }
}
