import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readDataset, type DatasetRows } from './plan-dataset-file.ts'
import type { Columns } from './plan-dataset-row.ts'
import { inFolder } from './plan.fixture.ts'

const free: Columns = { declared: new Map(), others: 'inputs', folder: '' }

const typed: Columns = {
  declared: new Map([
    ['text', { type: 'string', hasValues: false }],
    ['tone', { type: 'select', hasValues: true }],
    ['n', { type: 'number', hasValues: false }],
    ['yes', { type: 'boolean', hasValues: false }],
    ['data', { type: 'json', hasValues: false }],
    ['picture', { type: 'file', hasValues: false }],
  ]),
  others: 'vars',
  folder: 'data',
}

async function rows(name: string, text: string, columns = free): Promise<DatasetRows> {
  return inFolder({ [name]: text }, (folder) => readDataset(join(folder, name), name, columns))
}

const lines = ({ problems }: DatasetRows) => problems.map(({ message, place }) => `${place?.line}: ${message}`)

describe('a dataset in CSV', () => {
  it('may have quotes, line breaks, a byte-order mark and any script', async () => {
    const read = await rows(
      'a.csv',
      '\u{feff}query,答案,город\r\n"say ""hi"",\nplease",是,"Нижний Новгород"\r\n\r\nlast,否,Москва\r\n',
    )
    expect(read.problems).toEqual([])
    expect(read.scenarios).toMatchObject([
      { query: 'say "hi",\nplease', inputs: { 答案: '是', город: 'Нижний Новгород' } },
      { query: 'last', inputs: { 答案: '否', город: 'Москва' } },
    ])
  })

  it('makes of cells what their parameters are declared to be, and leaves other columns to the checks', async () => {
    const read = await rows(
      'a.csv',
      'text,tone,n,yes,data,picture,other\n007,formal,1.5,TRUE,"{""a"":1}",cat.png,x\n,,,,,https://a.example/b.pdf?c,y\n',
      typed,
    )
    expect(read.scenarios).toMatchObject([
      {
        inputs: { text: '007', tone: 'formal', n: 1.5, yes: true, data: { a: 1 } },
        vars: { other: 'x' },
        files: [{ path: 'data/cat.png', type: 'image', input: 'picture' }],
      },
      {
        inputs: { text: '' },
        vars: { other: 'y' },
        files: [{ url: 'https://a.example/b.pdf?c', type: 'document', input: 'picture' }],
      },
    ])
    expect(Object.keys(read.scenarios[1]?.inputs ?? {})).toEqual(['text'])
  })

  it('knows names, ids, what is expected, and columns that say where they belong', async () => {
    const read = await rows(
      'a.csv',
      'id,name,query,expected,vars.a,inputs.b,c\n7,seven,hi,yes,1,2,3\n8,,,,,,\n,,,,,,4\n',
    )
    expect(read.scenarios).toMatchObject([
      {
        name: 'seven',
        query: 'hi',
        metadata: { id: '7' },
        vars: { expected: 'yes', a: '1' },
        inputs: { b: '2', c: '3' },
      },
      { name: '8' },
      { inputs: { c: '4' } },
    ])
  })

  it('may be separated by semicolons or tabs', async () => {
    expect((await rows('a.csv', 'query;a\n"x;y";1,5\n')).scenarios).toMatchObject([
      { query: 'x;y', inputs: { a: '1,5' } },
    ])
    expect((await rows('a.tsv', 'query\ta\nx,y\t1\n')).scenarios).toMatchObject([{ query: 'x,y', inputs: { a: '1' } }])
  })

  it('names the line of every row that cannot be read', async () => {
    const read = await rows(
      'a.csv',
      'text,n,yes,data\n"two\nlines",1,no,{}\nx,many,perhaps,{\ny,2\nz,3,yes,1,more\n',
      typed,
    )
    expect(lines(read)).toEqual([
      '4: `n` must be a number, not "many"',
      '4: `yes` must be true or false, not "perhaps"',
      '4: `data` must be JSON',
      '5: the row has 2 cells, but there are 4 columns',
      '6: the row has 5 cells, but there are 4 columns',
    ])
    expect(lines(await rows('a.csv', 'a,b,a\n1,2,3\n'))).toEqual(['1: two columns are called `a`'])
    expect(lines(await rows('a.csv', 'a\nx\n"never closed\n'))[0]).toMatch(/^\d+: a quote is opened and never closed$/)
  })

  it('may have a hundred thousand rows', async () => {
    const body = Array.from({ length: 100_000 }, (_, index) => `"question ${index}, ""really""",${index}`).join('\n')
    const read = await rows('a.csv', `query,n\n${body}\n`, typed)
    expect(read.problems).toEqual([])
    expect(read.scenarios).toHaveLength(100_000)
    expect(read.scenarios.at(-1)).toMatchObject({ query: 'question 99999, "really"', inputs: { n: 99_999 } })
  })
})

describe('a dataset in JSON or YAML', () => {
  it('is a list of columns, scenarios and conversations', async () => {
    const list = [
      { query: 'hi', a: 1, expected: [2] },
      { name: 'whole', inputs: { a: 2 }, checks: ['x'] },
      { turns: ['one', 'two'] },
      'bye',
    ]
    for (const [name, text] of [
      ['a.json', JSON.stringify(list)],
      ['a.json', JSON.stringify({ cases: list })],
      ['a.jsonl', list.map((item) => JSON.stringify(item)).join('\n')],
      [
        'a.yaml',
        '- { query: hi, a: 1, expected: [2] }\n- { name: whole, inputs: { a: 2 }, checks: [x] }\n- turns: [one, two]\n- bye\n',
      ],
    ] as const) {
      const read = await rows(name, text)
      expect(read.problems).toEqual([])
      expect(read.scenarios).toMatchObject([
        { query: 'hi', inputs: { a: 1 }, vars: { expected: [2] } },
        { name: 'whole', inputs: { a: 2 }, checks: [{ type: 'contains', value: 'x' }] },
        { query: 'bye' },
      ])
      expect(read.flows).toMatchObject([{ turns: [{ query: 'one' }, { query: 'two' }] }])
    }
  })

  it('names the line of every item that cannot be read', async () => {
    expect(lines(await rows('a.jsonl', '{"a":1}\n{"a":\n{"inputs":{},"quary":"x"}\n'))).toEqual([
      '2: the line is not JSON',
      '3: unknown key `quary`',
    ])
    expect(lines(await rows('a.yaml', '- inputs: {}\n- inputs: { a: 1 }\n  checks: [{ type: nothing }]\n'))).toEqual([
      '3: there is no type `nothing`',
    ])
  })

  it.each([
    ['d.csv', 'q,e\n'],
    ['d.jsonl', '\n'],
    ['d.yaml', '[]\n'],
  ])('has a row at least: %s', async (name, text) => {
    expect(lines(await rows(name, text))).toEqual([`1: \`${name}\` has no rows`])
  })

  it('must hold a list', async () => {
    await expect(rows('a.yaml', 'a: 1\n')).rejects.toMatchObject({ code: 'plan_invalid' })
  })
})
