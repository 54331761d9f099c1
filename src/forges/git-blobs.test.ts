import { array, assert, constant, integer, oneof, property, uint8Array } from 'fast-check'
import { expect, test } from 'vitest'
import { createBlobReader } from './git-blobs.ts'

const oid = 'a'.repeat(40)
const fileOf = (size: number, index: number) => ({ path: `f${index}`, mode: '100644', oid, size })

function read(output: Buffer, sizes: readonly number[], pieceBytes: number) {
  const contents: Buffer[][] = []
  let ended = 0
  const reader = createBlobReader(sizes.map(fileOf), {
    begin: () => contents.push([]),
    write: (part) => contents.at(-1)?.push(Buffer.from(part)),
    end: () => ended++,
  })
  for (let at = 0; at < output.length; at += pieceBytes) reader.add(output.subarray(at, at + pieceBytes))
  return { contents: contents.map((parts) => Buffer.concat(parts)), ended, isComplete: reader.isComplete() }
}

const outputOf = (contents: readonly Uint8Array[]): Buffer =>
  Buffer.concat(contents.flatMap((each) => [Buffer.from(`${oid} blob ${each.length}\n`), each, Buffer.from('\n')]))

test('contents come out as they went in, in pieces of any size', () => {
  const content = oneof(uint8Array({ maxLength: 40 }), constant(Buffer.from(`\n${oid} blob 3\nabc\n`)))
  assert(
    property(array(content, { maxLength: 5 }), integer({ min: 1, max: 50 }), (contents, pieceBytes) => {
      const sizes = contents.map((each) => each.length)
      const result = read(outputOf(contents), sizes, pieceBytes)
      expect(result.contents).toEqual(contents.map((each) => Buffer.from(each)))
      expect(result).toMatchObject({ ended: contents.length, isComplete: true })
    }),
  )
})

test('an output that is not what was asked for is refused, and a short one is not complete', () => {
  const whole = outputOf([Buffer.from('abc')])
  expect(() => read(whole, [4], 7)).toThrow('not what was asked for')
  expect(() => read(Buffer.from(`${oid} missing\n`), [3], 7)).toThrow('not what was asked for')
  expect(() => read(Buffer.concat([whole, whole]), [3], 7)).toThrow('not what was asked for')
  expect(() => read(Buffer.alloc(1000, 'x'), [3], 100)).toThrow('not what was asked for')
  for (let length = 0; length < whole.length; length++) {
    expect(read(whole.subarray(0, length), [3], 5).isComplete).toBe(false)
  }
})
