import { describe, expect, it } from 'vitest'
import { exportedApp } from './dify-dsl.fixture.ts'
import { readDsl } from './dify-dsl-document.ts'
import { differences, meaningHash, meaningOf } from './dify-dsl-meaning.ts'

const read = (text: string) => readDsl(text).value
const workflow = exportedApp('workflow')

describe('meaningHash', () => {
  it.each([
    ['where a node is drawn', 'position: {x: 980, y: 282}', 'position: {x: 1, y: 2}'],
    ['notes', 'a note', 'another note'],
    ['what is selected', 'selected: true', 'selected: false'],
    ['the name of an edge', 'id: e3', 'id: e33'],
    ['the icon', '🤖', '🦊'],
    ['the version of the format', 'version: 0.6.0', 'version: 0.7.0'],
  ])('does not look at %s', (_, old, now) => {
    expect(workflow).toContain(old)
    expect(meaningHash(read(workflow.replace(old, now)))).toBe(meaningHash(read(workflow)))
  })

  it.each([
    ['a prompt', 'friendly', 'polite'],
    ['a way between nodes', "sourceHandle: '1'", "sourceHandle: '2'"],
    ['an environment variable', 'Acme GmbH', 'Acme Inc'],
    ['a knowledge base', '6GYtn1', '7GYtn1'],
    ['the number of retries', 'max_retries: 3', 'max_retries: 4'],
  ])('looks at %s', (_, old, now) => {
    expect(workflow).toContain(old)
    expect(meaningHash(read(workflow.replace(old, now)))).not.toBe(meaningHash(read(workflow)))
  })
})

describe('differences', () => {
  it('names the paths that were changed or lost, by the id of the node', () => {
    const after = workflow.replace('friendly', 'polite').replace('        - 6GYtn1RrGmL5YqVf1ZwA7Q==\n', '')
    expect(differences(meaningOf(read(workflow)), meaningOf(read(after)))).toEqual([
      'workflow.nodes.1711528916000.data.dataset_ids',
      'workflow.nodes.1711528917469.data.prompt_template.0.text',
    ])
  })

  it('does not mind what a server fills in', () => {
    expect(differences({ a: 1, b: null, c: {} }, { a: 1, d: 2 })).toEqual([])
    expect(differences({ a: [1, 2] }, { a: [1] })).toEqual(['a (2 items, now 1)'])
  })
})
