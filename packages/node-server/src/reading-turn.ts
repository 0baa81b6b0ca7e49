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

/** How long such reads, and what comes of them, may take in one turn of the event loop, in milliseconds: anybody else waits for two. */
const TURN = 2;

/** Who gives way to the others. */
export interface GivesWay {
  /** Its turn has come. */
  goOn(): void;
}

/** Who gives way, in order. */
let waiting: GivesWay[] = [];

/** Since when this turn goes, and how many such reads there were in it; 0: there is none. */
let began = 0;
let reads = 0;

/** Such a read has come. Returns when. */
export function beginRead(): number {
  const now = performance.now();
  if (began === 0) {
    began = now;
    setImmediate(endTurn);
  }
  reads++;
  return now;
}

/**
 * Whether others should have their turn now, after a read that began at that time. Then `who` is told when to go on: in the next turn, or
 * in a later one if so many wait that they would take too long.
 */
export function givesWay(who: GivesWay, readBegan: number): boolean {
  const now = performance.now();
  if (now - readBegan <= READ && now - began <= TURN) return false;
  waiting.push(who);
  return true;
}

function endTurn(): void {
  if (reads === 0 && waiting.length === 0) {
    began = 0;
    return;
  }
  // From the end of one turn to that of the next it is all that the reads have led to: what the system does for them, and the writes.
  const now = performance.now();
  const inTime = Math.floor((TURN * reads) / (now - began));
  const first = waiting;
  waiting = first.splice(Math.max(inTime, 1));
  began = now;
  reads = 0;
  setImmediate(endTurn);
  for (const who of first) who.goOn();
}
