/**
 * A read that brings so many bytes may have more behind it: Node reads up to 32 times 64 KiB of one socket before it looks at another,
 * which are 300,000 small frames.
 */
export const MUCH = 16_384;

/**
 * What one such read may take, in milliseconds, before the others have their turn: ten times what it takes with large messages. To give
 * way costs a tenth of it.
 */
const READ = 0.25;

/** How long all of them may read in one turn of the event loop, in milliseconds: twelve clients with 256 KiB each. Then each is left a read a turn. */
const TURN = 2;

let turnBegan = 0;

const endTurn = (): void => {
  turnBegan = 0;
};

/** Such a read has come. Returns when. */
export function beginRead(): number {
  const now = performance.now();
  if (turnBegan === 0) {
    turnBegan = now;
    setImmediate(endTurn);
  }
  return now;
}

/** Whether others should have their turn now, after a read that began at that time. */
export function isTurnOver(readBegan: number): boolean {
  const now = performance.now();
  return now - readBegan > READ || now - turnBegan > TURN;
}
