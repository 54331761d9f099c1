import type { Target } from '../domain/suite.ts'

/** What a call names: a function of the module, or a method of a class that is made fresh for the test. */
export interface Callee {
  /** Path of the class below the module, where the call names a method; empty for a function. */
  readonly owner: readonly string[]
  /** Path below the module (function) or below the instance (method). */
  readonly path: readonly string[]
}

/**
 * Reads `add`, `Calculator.add` or `calculator.Calculator.add`. A part that begins with a capital and is not the last
 * one is a class; its instance is made for each test, without arguments unless the case says `custom.construct`.
 */
export function calleeOf(call: string, target: Target): Callee {
  const base = moduleBase(target)
  const parts = call.replace(/\(\s*\)$/u, '').split('.')
  const path = parts.length > 1 && parts[0] === base ? parts.slice(1) : parts
  const owner = path.findLastIndex((part, index) => index < path.length - 1 && /^\p{Lu}/u.test(part))
  return { owner: path.slice(0, owner + 1), path: path.slice(owner + 1) }
}

/** Last part of a module's name: `calculator` for `shop.calculator` and `./lib/calculator.mjs`. */
export function moduleBase({ module = '' }: Target): string {
  const file = module.split('/').at(-1) ?? ''
  return /\.[cm]?[jt]sx?$/u.test(file) ? file.replace(/\.[^.]+$/u, '') : (file.split('.').at(-1) ?? '')
}

/** Arguments of a constructor: a list is positional, an object named, anything else none. */
export function constructOf(construct: unknown): {
  args: readonly unknown[]
  inputs: Readonly<Record<string, unknown>>
} {
  if (Array.isArray(construct)) return { args: construct, inputs: {} }
  const named = typeof construct === 'object' && construct !== null
  return { args: [], inputs: named ? Object.fromEntries(Object.entries(construct)) : {} }
}
