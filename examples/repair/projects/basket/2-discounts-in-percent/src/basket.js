import { amount, cents } from './money.js'
import { discounted } from './discount.js'

/** What a basket costs, as `12.50`, less a discount in percent. */
export function total(items, percent = 0) {
  const sum = items.reduce((all, { price, count = 1 }) => all + cents(price) * count, 0)
  return amount(discounted(sum, percent))
}
