import { amount, cents } from './money.js'

/** What a basket costs, as `12.50`. */
export function total(items) {
  const sum = items.reduce((all, { price, count = 1 }) => all + cents(price) * count, 0)
  return amount(sum)
}
