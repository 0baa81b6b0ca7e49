/**
 * A read that brings so many bytes may have more behind it: Node reads up to 32 times 64 KiB of one socket before it looks at another,
 * which are 300,000 small frames.
 */
const MUCH = 16_384;

/** How long such sockets may read in one turn of the event loop, together, in milliseconds: then each is left a read a turn. */
const TURN = 0.5;

let began = 0;

const end = (): void => {
  began = 0;
};

/** Whether a read was large enough to be asked about: then the turn has begun, at the latest. */
export function isMuch(bytes: number): boolean {
  if (bytes < MUCH) return false;
  if (began === 0) {
    began = performance.now();
    setImmediate(end);
  }
  return true;
}

/** Whether others should have their turn now. */
export function turnIsOver(): boolean {
  return performance.now() - began > TURN;
}
