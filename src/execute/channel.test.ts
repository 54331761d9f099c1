import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseEvent } from './channel.ts'

describe('reading the channel', () => {
  it('reads an event', () => {
    const event = { event: 'test_start', id: 'test_a.py::b', at: 1 }
    expect(parseEvent(JSON.stringify(event))).toEqual(event)
  })

  it.each([
    ['', 'nothing'],
    ['null', 'null'],
    ['[]', 'a list'],
    ['{"event":"toString"}', 'a name that every object has'],
    ['{"event":"__proto__"}', 'the prototype'],
    ['{"event":"test_start","id":"","at":1}', 'an empty id'],
    ['{"event":"test_start","id":"a"}', 'a missing time'],
    ['{"event":"test_finish","id":"a","outcome":"perfect","durationMs":1}', 'an outcome that does not exist'],
    ['{"event":"test_finish","id":"a","outcome":"passed","durationMs":-1}', 'a negative duration'],
    ['{"event":"test_finish","id":"a","outcome":"failed","durationMs":1,"failure":{}}', 'an empty failure'],
    ['{"event":"collected","tests":[{"id":"a"}]}', 'half a test'],
    ['{"event":"coverage","files":[{"file":"a","lines":{"1":"x"},"branches":{}}]}', 'hits that are no number'],
    ['{"event":"session_end","exitCode":0.5}', 'half an exit code'],
  ])('refuses %s: %s', (line) => {
    expect(parseEvent(line)).toBeUndefined()
  })

  it('never throws, whatever a test writes', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (line) => void parseEvent(line)))
  })
})
