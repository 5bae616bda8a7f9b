/** A priority queue: the smallest comes first. */
export class Heap<Item> {
  private readonly items: Item[] = []
  private readonly isBefore: (a: Item, b: Item) => boolean

  constructor(isBefore: (a: Item, b: Item) => boolean) {
    this.isBefore = isBefore
  }

  get first(): Item | undefined {
    return this.items[0]
  }

  push(item: Item): void {
    const { items } = this
    let at = items.push(item) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!this.isBefore(item, items[above] as Item)) break
      items[at] = items[above] as Item
      at = above
    }
    items[at] = item
  }

  /** Takes the first one out. */
  pop(): Item | undefined {
    const { items } = this
    const first = items[0]
    const last = items.pop()
    if (last === undefined || items.length === 0) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= items.length) break
      if (below + 1 < items.length && this.isBefore(items[below + 1] as Item, items[below] as Item)) below++
      if (!this.isBefore(items[below] as Item, last)) break
      items[at] = items[below] as Item
      at = below
    }
    items[at] = last
    return first
  }
}
