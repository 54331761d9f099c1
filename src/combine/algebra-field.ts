/** Arithmetic of a finite field; its elements are 0 to order - 1, with 0 and 1 as usual. */
export interface Field {
  readonly order: number
  add(a: number, b: number): number
  multiply(a: number, b: number): number
}

/** The prime and exponent of a prime power; `undefined` for other numbers. */
export function primePower(order: number): { readonly prime: number; readonly exponent: number } | undefined {
  if (order < 2) return undefined
  let prime = 2
  while (order % prime !== 0) prime++
  let exponent = 0
  for (let rest = order; rest % prime === 0; rest /= prime) exponent++
  return prime ** exponent === order ? { prime, exponent } : undefined
}

/** The field of an order; `undefined` where there is none. Elements are polynomials, their digits to the base of the prime. */
export function createField(order: number): Field | undefined {
  const power = primePower(order)
  if (power === undefined) return undefined
  const { prime, exponent } = power
  const add = tableOf(order, (a, b) => addDigits(a, b, prime))
  // One of the monic polynomials of this degree has no divisors; with it, no product of others is zero.
  for (let low = 0; low < order; low++) {
    const multiply = tableOf(order, (a, b) => product(a, b, { prime, exponent, low }))
    if (hasNoZeroDivisor(multiply, order))
      return {
        order,
        add: (a, b) => add[a * order + b] as number,
        multiply: (a, b) => multiply[a * order + b] as number,
      }
  }
  return undefined
}

function tableOf(order: number, compute: (a: number, b: number) => number): Int32Array {
  return Int32Array.from({ length: order * order }, (_, at) => compute(Math.floor(at / order), at % order))
}

function addDigits(a: number, b: number, prime: number): number {
  let sum = 0
  for (let unit = 1, x = a, y = b; x > 0 || y > 0; unit *= prime, x = Math.floor(x / prime), y = Math.floor(y / prime))
    sum += (((x % prime) + (y % prime)) % prime) * unit
  return sum
}

interface Modulus {
  readonly prime: number
  readonly exponent: number
  /** The polynomial without its highest term. */
  readonly low: number
}

/** Multiplies two polynomials modulo x^exponent + low. */
function product(a: number, b: number, { prime, exponent, low }: Modulus): number {
  const top = prime ** (exponent - 1)
  let sum = 0
  let shifted = a
  for (let rest = b; rest > 0; rest = Math.floor(rest / prime)) {
    for (let times = rest % prime; times > 0; times--) sum = addDigits(sum, shifted, prime)
    const carry = Math.floor(shifted / top)
    shifted = (shifted - carry * top) * prime
    // x^exponent equals minus `low`.
    for (let times = (carry * (prime - 1)) % prime; times > 0; times--) shifted = addDigits(shifted, low, prime)
  }
  return sum
}

function hasNoZeroDivisor(multiply: Int32Array, order: number): boolean {
  for (let a = 1; a < order; a++) for (let b = 1; b < order; b++) if (multiply[a * order + b] === 0) return false
  return true
}
