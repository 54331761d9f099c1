/** What can stand in one {@link Line} at a time: it holds its own neighbours. */
export interface Linked<T> {
  before: T | undefined
  after: T | undefined
}

/** A queue from which anything can be taken out at once, and that allocates nothing. */
export class Line<T extends Linked<T>> {
  first: T | undefined
  last: T | undefined

  push(item: T): void {
    item.before = this.last
    item.after = undefined
    if (this.last === undefined) this.first = item
    else this.last.after = item
    this.last = item
  }

  /** Takes out an item, which has to stand in this line. */
  remove(item: T): void {
    const { before, after } = item
    if (before === undefined) this.first = after
    else before.after = after
    if (after === undefined) this.last = before
    else after.before = before
    item.before = undefined
    item.after = undefined
  }
}
