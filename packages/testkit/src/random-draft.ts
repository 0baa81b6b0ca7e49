import { rsvBits } from './arbitrary-streams.ts';
import { split } from './chunks.ts';
import { isLegalCloseCode, type NaiveRules } from './naive-codec.ts';
import { utf8Of } from './naive-utf8.ts';
import type { Random } from './random.ts';
import { concat, type RawFrame } from './raw-frame.ts';

/** Sequences that are not UTF-8, cut ones too; what follows makes the latter bad at another byte. */
const ILL_FORMED: readonly (readonly number[])[] = [
  [0x80],
  [0xc0, 0x80],
  [0xc3],
  [0xc3, 0x28],
  [0xe0, 0x9f, 0x80],
  [0xe2, 0x82],
  [0xed, 0xa0, 0x80],
  [0xf0, 0x8f, 0x80, 0x80],
  [0xf0, 0x9f, 0x98],
  [0xf4, 0x90, 0x80, 0x80],
  [0xff],
];

const WORDS: readonly Uint8Array[] = [
  '',
  'a',
  'Hello',
  'é',
  '€',
  '😀',
  '\ufeff',
  '\u0000',
  '\ud7ff\ue000',
  'x'.repeat(60),
  '한글',
  '\u{10ffff}',
].map(utf8Of);

/**
 * A stream in the making: knows whether a message is open, so that what it adds is legal unless it is told otherwise.
 */
export class Draft {
  readonly random: Random;
  readonly rules: NaiveRules;
  readonly maxMessagePayload: number;
  readonly maxFramePayload: number;
  readonly frames: RawFrame[] = [];
  #open = false;

  constructor(random: Random, rules: NaiveRules) {
    this.random = random;
    this.rules = rules;
    this.maxMessagePayload = rules.maxMessagePayload ?? 16 * 1024 * 1024;
    this.maxFramePayload = rules.maxFramePayload ?? this.maxMessagePayload;
  }

  /** The key of a frame that the reader takes, undefined where it has none. */
  key(): number | undefined {
    const { role } = this.rules;
    if (role === 'client' || (role === 'observer' && this.random.oneIn(2))) return undefined;
    return this.random.oneIn(10) ? 0 : this.random.uint32();
  }

  add(frame: RawFrame): void {
    this.frames.push(frame);
    if (frame.opcode < 8) this.#open = !(frame.fin ?? true);
  }

  data(): RawFrame {
    const long = this.random.oneIn(300) && this.maxFramePayload > 70_000;
    const length = long ? this.random.pick([65535, 65536]) : this.random.below(this.random.oneIn(5) ? 190 : 12);
    return { opcode: 2, maskingKey: this.key(), payload: this.random.bytes(length) };
  }

  /** The next data frame of the stream as it is. Its payload is short: it must not meet a limit. */
  inOrder(): RawFrame {
    const opcode = this.#open ? 0 : this.random.pick([1, 2]);
    const payload = new Uint8Array(this.random.below(10)).fill(0x41);
    return { opcode, fin: this.random.oneIn(2), maskingKey: this.key(), payload };
  }

  control(): RawFrame {
    const length = this.random.oneIn(6) ? this.random.pick([124, 125]) : this.random.below(6);
    return { opcode: this.random.pick([9, 10]), maskingKey: this.key(), payload: this.random.bytes(length) };
  }

  close(code: number, reason: Uint8Array): RawFrame {
    const payload = Uint8Array.of(code >> 8, code & 0xff, ...reason.subarray(0, 123));
    return { opcode: 8, maskingKey: this.key(), payload };
  }

  legalClose(): RawFrame {
    if (this.random.oneIn(4)) return { opcode: 8, maskingKey: this.key() };
    let code = this.random.below(5000);
    if (!isLegalCloseCode(code)) code = 1000;
    return this.close(code, this.text(2));
  }

  text(maxWords: number): Uint8Array {
    const words = Array.from({ length: this.random.below(maxWords + 1) }, () => this.random.pick(WORDS));
    return concat(words);
  }

  flawedText(): Uint8Array {
    return concat([this.text(1), Uint8Array.from(this.random.pick(ILL_FORMED)), this.text(1)]);
  }

  /** A message in one to four frames, pings and pongs between them; `unfinished` leaves its last frame out. */
  fragments(opcode: 1 | 2, payload: Uint8Array, unfinished: boolean, rsv = 0): void {
    const cuts = Array.from({ length: this.random.below(4) }, () => this.random.below(1000));
    const parts = split(payload, cuts);
    parts.forEach((part, i) => {
      const fin = i === parts.length - 1 && !unfinished;
      const first = i === 0 ? { opcode, ...rsvBits(rsv) } : { opcode: 0 };
      this.add({ ...first, fin, maskingKey: this.key(), payload: part });
      if (!fin && this.random.oneIn(3)) this.add(this.control());
    });
  }

  message(unfinished: boolean): void {
    this.finish();
    const rsv = (this.random.below(8) << 4) & (this.rules.allowedRsv ?? 0);
    // Behind an RSV bit, what is called text may be any bytes.
    const isText = this.random.oneIn(2);
    const payload = isText && (rsv === 0 || this.random.oneIn(2)) ? this.text(3) : this.data().payload!;
    this.fragments(isText ? 1 : 2, payload, unfinished, rsv);
  }

  finish(): void {
    if (this.#open) this.add({ opcode: 0, maskingKey: this.key() });
  }

  legal(count: number): void {
    while (count-- > 0) {
      if (this.random.oneIn(4)) this.add(this.control());
      else this.message(false);
    }
  }
}
