/** This many places of items that are gone stay at the start before the items behind them move up. */
const KEPT = 64;

/**
 * First in, first out. `shift` of an array moves all that is behind, which takes long where that is a hundred thousand.
 */
export class Fifo<Item> {
  #items: Item[] = [];
  #start = 0;

  get length(): number {
    return this.#items.length - this.#start;
  }

  /** The one that has waited longest. */
  get first(): Item | undefined {
    return this.#items[this.#start];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** Takes the one that has waited longest; undefined if none waits. */
  shift(): Item | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#start];
    // The item must not be kept alive here.
    this.#items[this.#start++] = undefined as Item;
    if (this.#start === this.#items.length) {
      this.#items = [];
      this.#start = 0;
    } else if (this.#start >= KEPT && this.#start * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
    return item;
  }
}
