/**
 * A read that brings so many bytes may have more behind it: Node reads up to 32 times 64 KiB of one socket before it looks at another,
 * which are 300,000 small frames.
 */
export const MUCH = 16_384;

/**
 * How long such reads may take in one turn of the event loop, in milliseconds. Half of one while there are clients who send little, since
 * they wait for all of it; two while there are none, since giving way takes a seventh of the speed.
 */
const TURN = 0.5;
const TURN_AMONG_THEMSELVES = 2;

/** For so many turns after somebody was read who sends little, there may be more of them. */
const KEEPS_KIND = 32;

/** Who has read much, and gives way to the others. */
interface GivesWay {
  /** Its turn has come. */
  goOn(): void;
}

/** First come, first to go on. */
const waiting: GivesWay[] = [];
/** When the last turn ended, in milliseconds; 0: nobody has read much since. */
let turnEnded = 0;
/** Of this turn: whether it has read somebody who sends little, how many reads brought much, and how long they took. */
let littleCame = false;
let reads = 0;
let spent = 0;
/** What such a read took on the mean, in the last turn that had any. */
let cost = 0;
/** For so many turns there is somebody who sends little. */
let kind = 0;

/** Somebody was read who sends little. */
export function readLittle(): void {
  littleCame = true;
}

/** A read has brought much. Returns when. */
export function beginRead(): number {
  const now = performance.now();
  if (turnEnded === 0) {
    turnEnded = now;
    setImmediate(endTurn);
  }
  return now;
}

/** What that read has brought is done with. Returns whether `who` gives way to the others; it is told when to go on. */
export function endRead(began: number, who: GivesWay): boolean {
  reads++;
  spent += performance.now() - began;
  if (waiting.length === 0 && spent <= (kind > 0 ? TURN : TURN_AMONG_THEMSELVES)) return false;
  waiting.push(who);
  return true;
}

function endTurn(): void {
  const now = performance.now();
  if (littleCame) kind = KEEPS_KIND;
  else if (kind > 0) kind--;
  if (reads > 0) cost = spent / reads;
  // Where the others take long by themselves, who reads much has a third of the time: no queue grows for ever.
  const time = Math.max(TURN, (now - turnEnded - spent) / 2);
  const going = kind > 0 ? waiting.splice(0, Math.max(1, Math.floor(time / cost))) : waiting.splice(0);
  const isOver = reads === 0 && going.length === 0;
  turnEnded = isOver ? 0 : now;
  littleCame = false;
  reads = 0;
  spent = 0;
  if (!isOver) setImmediate(endTurn);
  for (const who of going) who.goOn();
}
