/** Whether two values are equal, with numbers at most `tolerance` apart. */
function near(value, wanted, tolerance) {
  if (typeof wanted === 'number') return Math.abs(value - wanted) <= tolerance
  if (typeof wanted !== 'object' || wanted === null) return value === wanted
  if (typeof value !== 'object' || value === null) return false
  const keys = Object.keys(wanted)
  return keys.length === Object.keys(value).length && keys.every((key) => near(value[key], wanted[key], tolerance))
}
