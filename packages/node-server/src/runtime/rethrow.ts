/** Rethrows an error of the application where only the process hears it, in a tick of its own: 'uncaughtException'. */
export function rethrow(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}

/** Calls the application for each of some. Where one throws, the process hears it, and the others have their turn. */
export function callEach<Item>(items: readonly Item[], call: (item: Item) => void): void {
  for (const item of items) {
    try {
      call(item);
    } catch (error) {
      rethrow(error);
    }
  }
}
