/** Cents of an amount written as `12.50`. */
export function cents(text) {
  const [whole, part = ''] = text.split('.')
  return Number(whole) * 100 + Number(part.padEnd(2, '0'))
}

/** An amount in cents as `12.50`. */
export function amount(value) {
  return `${Math.floor(value / 100)}.${String(value % 100).padStart(2, '0')}`
}
