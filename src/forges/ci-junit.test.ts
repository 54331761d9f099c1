import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { xmlText } from '../lib/xml.ts'
import { testsOfJunit } from './ci-junit.ts'

describe('a JUnit report', () => {
  it('tells passed, failed, broken and skipped tests', () => {
    const xml = `<?xml version="1.0"?><!-- made > by hand --><testsuite>
<testcase classname='a.B' name="says &quot;&lt;hi&#33;&gt;&quot;"/>
<testcase classname="a" name="fails"><failure message="m > n"><![CDATA[at <line> 3]]></failure><system-out>noise</system-out></testcase>
<testcase classname="a" name="breaks"><error>boom</error></testcase>
<testcase classname="a" name="waits"><skipped/></testcase>
</testsuite>`
    expect(testsOfJunit(xml, 'job')).toEqual([
      { suite: 'job', classname: 'a.B', name: 'says "<hi!>"', status: 'success' },
      { suite: 'job', classname: 'a', name: 'fails', status: 'failed', output: 'm > n\nat <line> 3' },
      { suite: 'job', classname: 'a', name: 'breaks', status: 'error', output: 'boom' },
      { suite: 'job', classname: 'a', name: 'waits', status: 'skipped' },
    ])
  })

  it.each([
    ['a document type', '<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>', 'it has a document type'],
    ['something else', '<html></html>', 'it is no JUnit report'],
    ['nothing', '', 'it is no JUnit report'],
    ['half a file', '<testsuite><testcase name="a', 'it holds a tag that is not XML'],
    ['half a comment', '<testsuite><!-- ', 'it ends in the middle'],
  ])('is refused when it is %s', (_, xml, reason) => {
    expect(testsOfJunit(xml, 'job')).toBe(reason)
  })

  it('gives back every name and text that was written into it', () => {
    const printable = fc.string({ unit: 'grapheme-ascii' })
    fc.assert(
      fc.property(printable, printable, (name, text) => {
        const xml = `<testsuite><testcase name="${xmlText(name).replaceAll('"', '&quot;')}"><failure>${xmlText(text)}</failure></testcase></testsuite>`
        const [test] = testsOfJunit(xml, 'job')
        expect(test).toMatchObject({ name, status: 'failed' })
        expect((test as { output?: string }).output ?? '').toBe(text.trim())
      }),
    )
  })

  it('is read in linear time, whatever it holds', () => {
    const hostile = ['<', '<a ', '<!--', '<![CDATA[', '&', ' a', '="', '>', '<testcase ', 'a=', '</']
    for (const part of hostile) testsOfJunit(`<testsuite>${part.repeat(300_000)}`, 'job')
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...hostile)),
        (parts) => void testsOfJunit(`<testsuite>${parts.join('')}`, 'job'),
      ),
    )
  }, 5000)
})
