import type { Selection } from '../domain/ports.ts'
import { fileOf, isSurelyComplete, listTestFiles } from './test-files.ts'
import type { Search } from './test-files.ts'

/**
 * Divides the tests of a request among `workers` processes: by files where there are enough of them, so that nobody
 * collects everything; otherwise the framework's plugin takes every process's share after collection.
 */
export async function divide(search: Search, workers: number): Promise<readonly Selection[]> {
  const whole: Selection = { kind: 'paths', paths: search.paths }
  if (workers <= 1) return [whole]
  if (await isSurelyComplete(search)) {
    const groups = groupByFile(await listTestFiles(search))
    if (groups.length >= workers) return deal(groups, workers).map((paths) => ({ kind: 'paths', paths }))
  }
  return Array.from({ length: workers }, (_, index) => ({ ...whole, shard: { index, of: workers } }))
}

/** Cuts a list of paths or ids in two halves along files; `undefined` where only one file is left. */
export function halve(paths: readonly string[]): readonly [readonly string[], readonly string[]] | undefined {
  const groups = groupByFile(paths)
  if (groups.length < 2) return undefined
  const middle = Math.ceil(groups.length / 2)
  return [groups.slice(0, middle).flat(), groups.slice(middle).flat()]
}

function groupByFile(paths: readonly string[]): readonly (readonly string[])[] {
  return [...Map.groupBy(paths, fileOf).values()]
}

/** Deals neighbouring files to different processes, for neighbours tend to be alike in length. */
function deal(groups: readonly (readonly string[])[], workers: number): readonly (readonly string[])[] {
  return Array.from({ length: workers }, (_, index) => groups.filter((_, at) => at % workers === index).flat())
}
