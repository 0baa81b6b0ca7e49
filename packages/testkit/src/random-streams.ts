import type { Role } from './arbitrary-values.ts';
import { split } from './chunks.ts';
import { isLegalCloseCode } from './naive-codec.ts';
import type { Random } from './random.ts';
import { concat, type RawFrame, rawFrame } from './raw-frame.ts';

/** A stream out of a seed, for runs of so many that fast-check's own (shrinkable) values would take minutes. */
export interface RandomStream {
  readonly role: Exclude<Role, 'observer'>;
  readonly maxMessagePayload: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many frames `bytes` was put together from, the last one possibly cut. */
  readonly frames: number;
  readonly chunks: readonly Uint8Array[];
}

/** What a stream may break: one of the kinds, or nothing. Without extensions and without the end of the stream. */
const FLAWS: readonly ((draft: Draft) => void)[] = [
  (draft) => draft.add({ ...draft.data(), opcode: draft.random.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) }),
  (draft) => draft.add({ ...draft.inOrder(), [draft.random.pick(['rsv1', 'rsv2', 'rsv3'])]: true }),
  (draft) => draft.add({ ...draft.control(), fin: false }),
  (draft) => {
    draft.finish();
    draft.add({ ...draft.data(), opcode: 0 });
  },
  (draft) => {
    draft.message(true);
    draft.add(draft.data());
  },
  (draft) => {
    const frame = draft.random.oneIn(2) ? draft.inOrder() : draft.control();
    draft.add({ ...frame, maskingKey: frame.maskingKey === undefined ? draft.random.uint32() : undefined });
  },
  (draft) => draft.add({ ...draft.control(), payload: draft.random.bytes(126 + draft.random.below(20)) }),
  (draft) => draft.add({ opcode: 8, maskingKey: draft.key(), payload: draft.random.bytes(1) }),
  (draft) =>
    draft.add({ ...draft.inOrder(), lengthForm: 64, declaredLength: (1n << 63n) + BigInt(draft.random.uint32()) }),
  (draft) => draft.add({ ...draft.inOrder(), lengthForm: draft.random.pick([16, 64]) }),
  (draft) => {
    const declaredLength = (1n << BigInt(53 + draft.random.below(10))) + BigInt(draft.random.uint32());
    draft.add({ ...draft.inOrder(), lengthForm: 64, declaredLength });
  },
  (draft) => draft.add({ ...draft.inOrder(), declaredLength: draft.maxMessagePayload + 1 + draft.random.below(500) }),
  (draft) => {
    const before = 1 + draft.random.below(40);
    const declaredLength = draft.maxMessagePayload - draft.random.below(before);
    draft.finish();
    draft.add({ ...draft.data(), fin: false, payload: draft.random.bytes(before) });
    draft.add({ ...draft.data(), opcode: 0, declaredLength });
  },
  (draft) => {
    const code = draft.random.pick([0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535, draft.random.below(1000)]);
    draft.add(draft.close(code, draft.random.bytes(draft.random.below(10))));
  },
  (draft) => draft.add(draft.close(1000, draft.flawedText())),
  (draft) => {
    draft.finish();
    draft.fragments(1, draft.flawedText(), draft.random.oneIn(4));
  },
];

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

const WORDS = [
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
];

/** A stream in the making: knows whether a message is open, so that what it adds is legal unless it is told otherwise. */
class Draft {
  readonly random: Random;
  readonly role: 'server' | 'client';
  readonly maxMessagePayload: number;
  readonly frames: RawFrame[] = [];
  private open = false;

  constructor(random: Random) {
    this.random = random;
    this.role = random.pick(['server', 'client']);
    this.maxMessagePayload = random.pick([200, 1000, 100_000]);
  }

  key(): number | undefined {
    if (this.role === 'client') return undefined;
    return this.random.oneIn(10) ? 0 : this.random.uint32();
  }

  add(frame: RawFrame): void {
    this.frames.push(frame);
    if (frame.opcode < 8) this.open = !(frame.fin ?? true);
  }

  data(): RawFrame {
    const long = this.random.oneIn(300) && this.maxMessagePayload > 70_000;
    const length = long ? this.random.pick([65535, 65536]) : this.random.below(this.random.oneIn(5) ? 190 : 12);
    return { opcode: 2, maskingKey: this.key(), payload: this.random.bytes(length) };
  }

  /** The next data frame of the stream as it is. Its payload is short: it must not meet a limit. */
  inOrder(): RawFrame {
    const opcode = this.open ? 0 : this.random.pick([1, 2]);
    const payload = new Uint8Array(this.random.below(10)).fill(0x41);
    return { opcode, fin: this.random.oneIn(2), maskingKey: this.key(), payload };
  }

  control(): RawFrame {
    const length = this.random.oneIn(6) ? this.random.pick([124, 125]) : this.random.below(6);
    return { opcode: this.random.pick([9, 10]), maskingKey: this.key(), payload: this.random.bytes(length) };
  }

  close(code: number, reason: Uint8Array): RawFrame {
    return {
      opcode: 8,
      maskingKey: this.key(),
      payload: Uint8Array.of(code >> 8, code & 0xff, ...reason.subarray(0, 123)),
    };
  }

  legalClose(): RawFrame {
    if (this.random.oneIn(4)) return { opcode: 8, maskingKey: this.key() };
    let code = this.random.below(5000);
    if (!isLegalCloseCode(code)) code = 1000;
    return this.close(code, this.text(2));
  }

  text(maxWords: number): Uint8Array {
    let text = '';
    for (let words = this.random.below(maxWords + 1); words > 0; words--) text += this.random.pick(WORDS);
    return Buffer.from(text);
  }

  flawedText(): Uint8Array {
    return concat([this.text(1), Uint8Array.from(this.random.pick(ILL_FORMED)), this.text(1)]);
  }

  /** A message in one to four frames, pings and pongs between them; `unfinished` leaves its last frame out. */
  fragments(opcode: 1 | 2, payload: Uint8Array, unfinished: boolean): void {
    const cuts = Array.from({ length: this.random.below(4) }, () => this.random.below(1000));
    const parts = split(payload, cuts);
    parts.forEach((part, i) => {
      const fin = i === parts.length - 1 && !unfinished;
      this.add({ fin, opcode: i === 0 ? opcode : 0, maskingKey: this.key(), payload: part });
      if (!fin && this.random.oneIn(3)) this.add(this.control());
    });
  }

  message(unfinished: boolean): void {
    this.finish();
    if (this.random.oneIn(2)) this.fragments(1, this.text(3), unfinished);
    else this.fragments(2, this.data().payload!, unfinished);
  }

  finish(): void {
    if (this.open) this.add({ opcode: 0, maskingKey: this.key() });
  }

  legal(count: number): void {
    while (count-- > 0) {
      if (this.random.oneIn(4)) this.add(this.control());
      else this.message(false);
    }
  }
}

export function randomStream(random: Random): RandomStream {
  const draft = new Draft(random);
  draft.legal(random.below(6));
  if (random.oneIn(4)) draft.message(true);
  if (!random.oneIn(4)) random.pick(FLAWS)(draft);
  if (random.oneIn(2)) {
    draft.finish();
    draft.legal(random.below(3));
  }
  if (random.oneIn(3)) {
    draft.add(draft.legalClose());
    if (random.oneIn(3)) draft.legal(2);
  }
  if (draft.frames.length === 0) draft.add(draft.inOrder());

  let bytes = concat(draft.frames.map(rawFrame));
  if (random.oneIn(10)) bytes = bytes.slice(0, random.below(bytes.length));
  return {
    role: draft.role,
    maxMessagePayload: draft.maxMessagePayload,
    bytes,
    frames: draft.frames.length,
    chunks: split(bytes, cuts(random, bytes.length)).filter((chunk) => chunk.length > 0),
  };
}

function cuts(random: Random, length: number): number[] | 'every byte' {
  if (random.oneIn(12) && length < 500) return 'every byte';
  if (random.oneIn(6)) return [];
  return Array.from({ length: 1 + random.below(8) }, () => random.below(length + 1));
}
