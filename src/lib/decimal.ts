/**
 * Sum of decimal numbers written as texts (`0.0012340`, `-3`, `1e-7`), exact, with as many digits behind the point as the
 * longest has. Texts that are no number count for nothing.
 */
export function addDecimals(amounts: readonly string[]): string {
  const parsed = amounts.flatMap((amount) => parse(amount) ?? [])
  const scale = parsed.reduce((most, part) => Math.max(most, part.scale), 0)
  const sum = parsed.reduce((total, part) => total + part.digits * 10n ** BigInt(scale - part.scale), 0n)
  return print(sum, scale)
}

/** A number times a whole number of millionths, as prices for a million of something are applied: `price * count / 10^6`. */
export function perMillion(price: number, count: number): string {
  const { digits, scale } = parse(String(price)) ?? { digits: 0n, scale: 0 }
  return print(digits * BigInt(Math.round(count)), scale + 6)
}

interface Decimal {
  readonly digits: bigint
  readonly scale: number
}

const maxScale = 100

function parse(text: string): Decimal | undefined {
  const match = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?\s*$/iu.exec(text)
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match ?? []
  if (match === null || whole + fraction === '') return undefined
  const scale = fraction.length - Number(exponent)
  if (Math.abs(scale) > maxScale) return undefined
  const digits = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n)
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 }
}

function print(value: bigint, scale: number): string {
  const sign = value < 0n ? '-' : ''
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
  return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}
