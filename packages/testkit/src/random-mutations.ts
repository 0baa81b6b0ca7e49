import type { Random } from './random.ts';
import { concat } from './raw-frame.ts';

/** A copy with one small thing changed: what a fault in a sender, or a hand in the wire, makes of a stream. */
export function mutate(random: Random, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.length === 0) return random.bytes(1);
  const at = random.below(bytes.length);
  const end = at + 1 + random.below(Math.min(20, bytes.length - at));
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  const copy = Uint8Array.from(bytes);
  switch (random.below(6)) {
    case 0:
      copy[at]! ^= 1 << random.below(8);
      return copy;
    case 1:
      copy[at] = random.pick([0x00, 0x7f, 0x80, 0xff, random.below(256)]);
      return copy;
    case 2:
      return concat([before, random.bytes(1 + random.below(4)), after]);
    case 3:
      return concat([before, bytes.subarray(end)]);
    case 4:
      return concat([before, bytes.subarray(at, end), after]);
    default:
      return Uint8Array.from(before);
  }
}
