export type Compare<T> = (a: T, b: T) => number

/** Elements in the order of `compare`, in which no two are equal. */
export class SortedList<T> {
  readonly items: T[] = []
  readonly compare: Compare<T>

  constructor(compare: Compare<T>) {
    this.compare = compare
  }

  add(item: T): void {
    this.items.splice(this.placeOf(item), 0, item)
  }

  remove(item: T): void {
    this.items.splice(this.placeOf(item), 1)
  }

  /** How many elements come before `item`. */
  private placeOf(item: T): number {
    let low = 0
    let high = this.items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.compare(this.items[middle] as T, item) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
