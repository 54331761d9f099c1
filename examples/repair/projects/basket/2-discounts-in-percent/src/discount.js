/** Cents that are left of a sum after a discount of 0 to 100 percent, rounded to whole cents. */
export function discounted(sum, percent) {
  if (percent < 0 || percent >= 100) throw new RangeError(`${percent} is no percentage`)
  return Math.floor(sum - (sum * percent) / 100)
}
