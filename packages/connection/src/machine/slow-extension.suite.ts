import type { Decoded, Encoded, EncodeOptions, Extension } from './extension.ts';

/** Turns every bit of a payload, when the test lets it. */
export class SlowExtension implements Extension {
  readonly rsv: number;
  /** Answers that the test has not let go, the oldest first; called with an error, one is rejected. */
  readonly waiting: ((error?: Error) => void)[] = [];
  /** Of each direction, how many messages are in its hands, and the most that there were. */
  readonly busy: { decode: number; encode: number } = { decode: 0, encode: 0 };
  most = 0;
  closed = 0;

  constructor(rsv = 0x40) {
    this.rsv = rsv;
  }

  decode(payload: Uint8Array<ArrayBuffer>, maxLength: number): Promise<Decoded> {
    return this.#later('decode', () => {
      if (payload[0] === 0xff) return 'extension-data-illegal';
      return payload.length > maxLength ? 'message-too-big' : turned(payload);
    });
  }

  encode(payload: Uint8Array, { compress }: EncodeOptions): Encoded | Promise<Encoded> {
    if (!compress) return undefined;
    // Of up to 4 KiB it may change.
    const own = payload.length <= 4096 ? new Uint8Array(payload) : payload;
    return this.#later('encode', () => turned(own));
  }

  close(): void {
    this.closed++;
  }

  /** Lets the oldest answer go, and whoever waits for it hear it. */
  async answer(error?: Error): Promise<void> {
    this.waiting.shift()?.(error);
    await ticks();
  }

  #later<T>(direction: 'decode' | 'encode', make: () => T): Promise<T> {
    this.busy[direction]++;
    this.most = Math.max(this.most, this.busy[direction]);
    return new Promise((resolve, reject) => {
      this.waiting.push((error) => {
        this.busy[direction]--;
        if (error === undefined) resolve(make());
        else reject(error);
      });
    });
  }
}

/** All bits of the payload turned. */
export function turned(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(payload, (byte) => byte ^ 0xff);
}

/** Promises that are settled are heard. */
export async function ticks(): Promise<void> {
  for (let i = 0; i < 12; i++) await null;
}
