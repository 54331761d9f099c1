/** A priority queue: the item that comes before all others is at hand. */
export interface Heap<T> {
  readonly size: number
  push(item: T): void
  peek(): T | undefined
  /** Takes the first item out; `undefined` where there is none. */
  pop(): T | undefined
}

/** An empty binary heap; `isBefore` must be a strict order, and items that are equal in it come out in any order. */
export function createHeap<T>(isBefore: (one: T, other: T) => boolean): Heap<T> {
  const items: T[] = []

  const rise = (item: T): void => {
    let index = items.length - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = items[parent] as T
      if (!isBefore(item, above)) break
      items[index] = above
      index = parent
    }
    items[index] = item
  }

  const sink = (item: T): void => {
    let index = 0
    for (let child = 1; child < items.length; child = 2 * index + 1) {
      const isRightFirst = child + 1 < items.length && isBefore(items[child + 1] as T, items[child] as T)
      const first = isRightFirst ? child + 1 : child
      const below = items[first] as T
      if (!isBefore(below, item)) break
      items[index] = below
      index = first
    }
    items[index] = item
  }

  return {
    get size() {
      return items.length
    },
    peek: () => items[0],
    push(item) {
      items.push(item)
      rise(item)
    },
    pop() {
      const first = items[0]
      const last = items.pop()
      if (items.length > 0) sink(last as T)
      return first
    },
  }
}
