/**
 * Chance that at least one of `k` trials passes, from `c` passes in `n` trials, unbiased: 1 − C(n−c, k)/C(n, k), as a
 * product so that nothing overflows. `undefined` where there are fewer than `k` trials. Chen et al., arXiv 2107.03374.
 */
export function passAtK(n: number, c: number, k: number): number | undefined {
  const none = passHatK(n, n - c, k)
  return none === undefined ? undefined : 1 - none
}

/**
 * Chance that all of `k` trials pass, unbiased: C(c, k)/C(n, k). The share of passes to the power of `k` would be too
 * high. `undefined` where there are fewer than `k` trials. Yao et al., arXiv 2406.12045.
 */
export function passHatK(n: number, c: number, k: number): number | undefined {
  if (k < 1 || k > n) return undefined
  let chance = 1
  for (let taken = 0; taken < k && chance > 0; taken++) chance *= Math.max(0, c - taken) / (n - taken)
  return chance
}
