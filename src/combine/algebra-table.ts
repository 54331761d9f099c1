import type { Circulant } from './algebra-circulant.ts'

const plain = { rotation: 1, below: 'nothing' } as const

/** Arrays that were found by annealing within their symmetry; the tests check each of them. */
export const circulants: readonly Circulant[] = [
  {
    levels: 3,
    length: 5,
    ...plain,
    blocks: [
      ['00211', '02020', '10102', '20022'],
      ['12022', '22211', '10222', '00101'],
      ['01021', '11010', '20011', '11221'],
    ],
  },
  { levels: 3, length: 20, ...plain, blocks: [['20010111221022001120', '20101002212102202111']] },
  { levels: 5, length: 10, rotation: 3, below: 'fixed values', blocks: [['3300240401']] },
  { levels: 10, length: 20, rotation: 7, below: 'fixed values', blocks: [['62558756379590683531']] },
]
