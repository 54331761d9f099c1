import { cross, fuse, multiply, type Base } from './algebra-base.ts'
import { binaryArray } from './algebra-binary.ts'
import { columnsOf, ownRows, writeOut, type Circulant } from './algebra-circulant.ts'
import { primePower } from './algebra-field.ts'
import { circulants } from './algebra-table.ts'
import { orthogonalArray } from './orthogonal.ts'

/** A way to write down an array, with its number of rows known beforehand. */
export interface Plan {
  readonly size: number
  readonly name: string
  build(): Base | undefined
}

/** Values more than wanted that are tried, to be fused away. */
const mostFused = 6
/** Levels of arrays that go into arrays. */
const mostDepth = 3

/** Ways to cover all pairs of so many columns of `levels` values each, the smallest first. */
export function plansFor(levels: number, columns: number, depth = 0): Plan[] {
  if (levels === 1) return [{ size: 1, name: 'constant row', build: () => constantRow(columns) }]
  if (levels === 2) return [binaryPlan(columns)]
  const plans: Plan[] = []
  for (let more = 0; more <= mostFused; more++)
    for (const plan of [...direct(levels + more, columns, depth), ...products(levels + more, columns, depth)])
      plans.push(fused(plan, more))
  plans.push(...crossings(levels, columns, depth))
  return plans.sort((a, b) => a.size - b.size)
}

function constantRow(columns: number): Base {
  return { rows: [new Int32Array(columns)], levels: 1, columns, constant: columns }
}

function binaryPlan(columns: number): Plan {
  const base = binaryArray(columns)
  return { size: base.rows.length, name: 'sets of rows', build: () => base }
}

/** Arrays that need no others: orthogonal ones, and those known by their symmetry. */
function direct(levels: number, columns: number, depth: number): Plan[] {
  const plans: Plan[] = []
  if (primePower(levels) !== undefined && columns <= levels + 1)
    plans.push({ size: levels * levels, name: 'orthogonal array', build: () => orthogonalArray(levels) })
  for (const circulant of circulants)
    if (circulant.levels === levels && columnsOf(circulant) >= columns) {
      const plan = circulantPlan(circulant, columns, depth)
      if (plan !== undefined) plans.push(plan)
    }
  return plans
}

function circulantPlan(circulant: Circulant, columns: number, depth: number): Plan | undefined {
  const { levels, rotation, below } = circulant
  const own = ownRows(circulant)
  const name = 'circulant array'
  if (below !== 'fixed values')
    return { size: own + (below === 'constants' ? levels : 0), name, build: () => writeOut(circulant, undefined) }
  if (depth >= mostDepth) return undefined
  const fixed = plansFor(levels - rotation, columns, depth + 1)[0]
  if (fixed === undefined) return undefined
  return { size: own + fixed.size, name, build: () => writeOut(circulant, fixed.build()) }
}

/** Products with orthogonal arrays: of one of them with itself, again and again, and of the smallest array there is. */
function products(levels: number, columns: number, depth: number): Plan[] {
  if (primePower(levels) === undefined || columns <= levels + 1) return []
  const each = levels * (levels - 1)
  const name = 'product of orthogonal arrays'
  let times = 1
  while (levels ** times * (levels + 1) < columns) times++
  const powers: Plan = { size: levels * levels + times * each, name, build: () => power(levels, times) }
  const inner = depth >= mostDepth ? undefined : smallestPlain(levels, Math.ceil(columns / levels), depth + 1)
  if (inner === undefined) return [powers]
  const build = (): Base | undefined => {
    const first = inner.build()
    const second = orthogonalArray(levels)
    return first === undefined || second === undefined ? undefined : multiply(first, second)
  }
  return [powers, { size: inner.size + each, name: 'product with an orthogonal array', build }]
}

function smallestPlain(levels: number, columns: number, depth: number): Plan | undefined {
  const plans = [...direct(levels, columns, depth), ...products(levels, columns, depth)]
  return plans.sort((a, b) => a.size - b.size)[0]
}

function power(levels: number, times: number): Base | undefined {
  const one = orthogonalArray(levels)
  if (one === undefined) return undefined
  let base = one
  for (let done = 0; done < times; done++) base = multiply(base, one)
  return base
}

function fused(plan: Plan, times: number): Plan {
  if (times === 0) return plan
  const build = (): Base | undefined => {
    let base = plan.build()
    for (let done = 0; done < times && base !== undefined; done++) base = fuse(base)
    return base
  }
  return { size: plan.size - 2 * times, name: `${plan.name}, fused`, build }
}

/** Direct products, for numbers of values that fall into factors. */
function crossings(levels: number, columns: number, depth: number): Plan[] {
  if (depth >= mostDepth) return []
  const plans: Plan[] = []
  for (let a = 2; a * a <= levels; a++) {
    if (levels % a !== 0) continue
    const first = plansFor(a, columns, depth + 1)[0]
    const second = plansFor(levels / a, columns, depth + 1)[0]
    if (first === undefined || second === undefined) continue
    const build = (): Base | undefined => {
      const left = first.build()
      const right = second.build()
      return left === undefined || right === undefined ? undefined : cross(left, right)
    }
    plans.push({ size: first.size * second.size, name: 'direct product', build })
  }
  return plans
}
