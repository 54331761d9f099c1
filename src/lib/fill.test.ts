import { describe, expect, test } from 'vitest'
import { fill, fillText } from './fill.ts'

const variables = { name: 'Ada', count: 3, order: { items: ['tea'], note: null }, 'a.b': 'whole' }

describe('templates', () => {
  test('a lone placeholder keeps the type of its value', () => {
    expect(fill({ n: '{{count}}', list: ['{{ order }}'] }, variables)).toEqual({ n: 3, list: [variables.order] })
  })

  test('inside a text, values stand as text or JSON', () => {
    expect(fill('{{name}} has {{count}}: {{order.items}}', variables)).toBe('Ada has 3: ["tea"]')
    expect(fillText('{{count}}', variables)).toBe('3')
  })

  test('a dot leads into objects and lists, unless the name itself has it', () => {
    expect(fill('{{order.items.0}}', variables)).toBe('tea')
    expect(fill('{{a.b}}', variables)).toBe('whole')
    expect(fill('{{order.note}}', variables)).toBeNull()
  })

  test('what is not there stays and is told', () => {
    const missing: string[] = []
    expect(fill('hello {{ nobody }}', variables, (name) => missing.push(name))).toBe('hello {{ nobody }}')
    expect(fill('{{toString}}', variables, (name) => missing.push(name))).toBe('{{toString}}')
    expect(missing).toEqual(['nobody', 'toString'])
  })

  test('references of other template languages are left alone', () => {
    expect(fillText('{{#1711.text#}} {% if x %} {{', variables)).toBe('{{#1711.text#}} {% if x %} {{')
  })
})
