// The same calculator as calculator.py, so that one suite runs on pytest, vitest and Node's test runner.

/** Division by zero, under the name that Python gives it. */
export class ZeroDivisionError extends RangeError {
  name = 'ZeroDivisionError'
}

/** An expression that the calculator cannot read. */
export class ExpressionError extends Error {
  name = 'ExpressionError'
}

function number(value) {
  if (typeof value !== 'number') throw new TypeError('a number is wanted')
  return value
}

export const add = (a, b) => number(a) + number(b)

export const subtract = (a, b) => number(a) - number(b)

export const multiply = (a, b) => number(a) * number(b)

export function divide(a, b) {
  if (number(b) === 0) throw new ZeroDivisionError('division by zero')
  return number(a) / b
}

export const power = (base, exponent) => number(base) ** number(exponent)

export function squareRoot(value) {
  if (number(value) < 0) throw new RangeError('square root of a negative number')
  return Math.sqrt(value)
}

/** How many percent of the whole the part is. */
export function percent(part, whole) {
  if (number(whole) === 0) throw new ZeroDivisionError('percent of zero')
  return (number(part) / whole) * 100
}

export function average(values) {
  if (values.length === 0) throw new RangeError('average of no values')
  return values.reduce((sum, value) => sum + number(value), 0) / values.length
}

/** The value of `number operator number`, such as "2 + 3". */
export function evaluate(expression) {
  const operations = { '+': add, '-': subtract, '*': multiply, '/': divide }
  const words = expression.split(/\s+/u)
  const operation = operations[words[1]]
  if (words.length !== 3 || operation === undefined) throw new ExpressionError(`cannot read: ${expression}`)
  return operation(Number(words[0]), Number(words[2]))
}

/** Remembers what it was asked. */
export class Calculator {
  #limit
  #entries = []

  constructor(limit = 100) {
    this.#limit = limit
  }

  add(a, b) {
    return this.#remember('add', [a, b], add(a, b))
  }

  multiply(a, b) {
    return this.#remember('multiply', [a, b], multiply(a, b))
  }

  /** Entries, oldest first; at most as many as the limit. */
  history() {
    return [...this.#entries]
  }

  clear() {
    this.#entries = []
    return this.#entries.length
  }

  #remember(operation, operands, result) {
    this.#entries = [...this.#entries, { operation, operands, result }].slice(-this.#limit)
    return result
  }
}
