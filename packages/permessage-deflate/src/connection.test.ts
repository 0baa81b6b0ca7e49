import { constants, deflateRawSync } from 'node:zlib';
import { Connection, type Extension } from '@ws/connection';
import { concat, cuts, type RawFrame, rawFrames, split } from '@ws/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backends, hex, noise, prose, unhex, utf8 } from './backends.suite.ts';
import { offerPermessageDeflate } from './client.ts';
import type { PermessageDeflateOptions } from './options.ts';
import { PermessageDeflate } from './permessage-deflate.ts';
import { pureZlib } from './pure.ts';
import { permessageDeflate } from './server.ts';
import type { Zlib } from './zlib.ts';

const NOTHING = new Uint8Array(0);

/** The two extensions of a connection, as both ends have agreed on them. */
function agreed(
  zlib: Zlib,
  options: PermessageDeflateOptions,
): { server: PermessageDeflate; client: PermessageDeflate } {
  const offer = offerPermessageDeflate(zlib, options);
  const { extension, parameters } = permessageDeflate(zlib, options).accept(offer.offers[0]!)!;
  return { server: extension, client: offer.verify(parameters)! };
}

/** One end, and what it was told. */
class End {
  readonly connection: Connection;
  readonly events: string[] = [];
  #rest: Uint8Array = NOTHING;

  constructor(role: 'server' | 'client', extension: Extension, maxMessagePayload?: number) {
    const tell = (kind: string, payload: Uint8Array) => this.events.push(`${kind} ${hex(payload)}`);
    this.connection = new Connection({
      role,
      extensions: [extension],
      limits: { maxMessagePayload },
      maskingKey: () => 0x1234_5678,
      sink: {
        message: (payload, isBinary) => tell(isBinary ? 'binary' : 'text', payload),
        ping: (payload) => tell('ping', payload),
        pong: (payload) => tell('pong', payload),
        close: (code) => this.events.push(`close ${code}`),
        violation: ({ violation, closeCode }) => this.events.push(`${violation} ${closeCode}`),
        output: () => {},
        decoded: () => this.receive(NOTHING),
      },
    });
  }

  /** Receives as a driver does. */
  receive(chunk: Uint8Array): void {
    const all = this.#rest.length > 0 ? concat([this.#rest, chunk]) : chunk;
    this.#rest = all.subarray(this.connection.receive(all));
  }

  /** All that is in the hands of its extension has come out of them. */
  async settled(): Promise<void> {
    while (this.connection.pendingSends > 0 || this.connection.decoding !== 'no' || this.#rest.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** A server that was sent frames; the payloads are those of messages of a client that compresses. */
async function served(zlib: Zlib, frames: readonly RawFrame[], options: PermessageDeflateOptions = {}, limit?: number) {
  const end = new End('server', agreed(zlib, options).server, limit);
  end.receive(rawFrames(frames.map((frame) => ({ maskingKey: 0x0102_0304, ...frame }))));
  await end.settled();
  return end;
}

const deflated = (payload: Uint8Array, options = {}): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH, ...options }).subarray(0, -4));
const inText = (text: string) => `text ${hex(utf8(text))}`;
const hello = unhex('f2 48 cd c9 c9 07 00');
/** In a block that is marked as final, as `deflateRaw` makes it. */
const final = unhex('f3 48 cd c9 c9 07 00');
const ping: RawFrame = { opcode: 9, payload: utf8('p') };

describe.each(backends)('%s', (_, zlib) => {
  for (const takeover of [false, true]) {
    const options = { serverNoContextTakeover: !takeover, clientNoContextTakeover: !takeover };
    describe(takeover ? 'with takeover' : 'without takeover', () => {
      test('compressed and plain messages, empty ones, any fragments and control frames between', async () => {
        const { events } = await served(
          zlib,
          [
            { opcode: 1, rsv1: true, payload: hello },
            { opcode: 1, payload: utf8('plain') },
            { opcode: 1, rsv1: true, fin: false, payload: hello.slice(0, 3) },
            ping,
            { opcode: 0, payload: hello.slice(3) },
            { opcode: 1, rsv1: true, payload: unhex('00') },
            { opcode: 1 },
            { opcode: 2, rsv1: true, fin: false },
            ...Array.from(hello, (byte) => ({ opcode: 0, fin: false, payload: Uint8Array.of(byte) })),
            ping,
            { opcode: 0 },
            { opcode: 2, rsv1: true, payload: deflated(prose(100_000)) },
            ping,
            { opcode: 1, rsv1: true, payload: unhex('f3 48 cd c9 c9 07 00 00') },
            { opcode: 1, rsv1: true, fin: false },
            ...Array.from(final, (byte) => ({ opcode: 0, fin: false, payload: Uint8Array.of(byte) })),
            ping,
            { opcode: 0 },
            { opcode: 1, rsv1: true, payload: final },
            { opcode: 1, rsv1: true, payload: hello },
            { opcode: 8, payload: unhex('03e8') },
          ],
          options,
        );
        const pinged = 'ping 70';
        expect(events).toEqual([
          ...[inText('Hello'), inText('plain'), pinged, inText('Hello'), 'text ', 'text ', pinged],
          ...[`binary ${hex(utf8('Hello'))}`, `binary ${hex(prose(100_000))}`, pinged, inText('Hello')],
          ...[pinged, inText('Hello'), inText('Hello'), inText('Hello'), 'close 1000'],
        ]);
      });

      test.each([
        ['F14: no payload', NOTHING],
        ['a cut', hello.slice(0, 5)],
        ['a cut in a final block', final.slice(0, 6)],
        ['something behind a final block', concat([final, unhex('07')])],
        ['no type of block', unhex('07')],
        ['a reference to nothing', deflated(prose(40), { dictionary: prose(40) })],
        ['a long one that ends badly', concat([deflated(prose(90_000)), unhex('ff')])],
      ])('%s is 1007, after what came before it, and nothing follows', async (_, payload) => {
        const next = { opcode: 1, rsv1: true, payload: hello };
        const { events, connection } = await served(
          zlib,
          [next, { opcode: 1, rsv1: true, payload }, next, ping],
          options,
        );
        expect(events).toEqual([inText('Hello'), 'extension-data-illegal 1007']);
        expect(hex(concat(connection.take()))).toBe('880203ef');
      });

      test('H17: text that is not UTF-8 is 1007; over the limit, 1009', async () => {
        const bad = { opcode: 1, rsv1: true, payload: deflated(Uint8Array.of(0x61, 0xc3)) };
        expect((await served(zlib, [bad, ping], options)).events).toEqual(['text-not-utf8 1007']);
        const long = { opcode: 1, rsv1: true, payload: deflated(new Uint8Array(1001)) };
        expect((await served(zlib, [long, ping], options, 1000)).events).toEqual(['message-too-big 1009']);
      });

      test('F5: RSV1 on a control frame or a continuation, RSV2 and RSV3 are 1002', async () => {
        const begun = { opcode: 1, rsv1: true, fin: false, payload: hello.slice(0, 3) };
        const bad: RawFrame[][] = [
          [{ opcode: 9, rsv1: true }],
          [{ opcode: 8, rsv1: true }],
          [begun, { opcode: 0, rsv1: true, payload: hello.slice(3) }],
          [{ opcode: 1, rsv2: true, payload: hello }],
          [{ opcode: 1, rsv1: true, rsv3: true, payload: hello }],
        ];
        for (const frames of bad) {
          expect((await served(zlib, frames, options)).events).toEqual(['reserved-bits 1002']);
        }
      });

      test('two ends: all that is sent arrives in order, whatever it is, however it is cut', async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(sending, { maxLength: 12 }), cuts(), async (sends, cuts) => {
            const pair = agreed(zlib, { ...options, threshold: 0 });
            const ends = [new End('server', pair.server), new End('client', pair.client)] as const;
            for (const [from, to] of [ends, [ends[1], ends[0]]] as const) {
              for (const { payload, compress, fragment } of sends) {
                if (fragment) from.connection.send(payload, { fin: false });
                from.connection.send(fragment ? NOTHING : payload, { compress });
              }
              await from.settled();
              for (const chunk of split(concat(from.connection.take()), cuts)) to.receive(chunk);
              await to.settled();
              expect(to.events.splice(0)).toEqual(sends.map(({ payload }) => `binary ${hex(payload)}`));
            }
            for (const end of ends) end.connection.receiveEnd();
          }),
          { numRuns: 30 },
        );
      });
    });
  }
});

const size = fc.oneof(fc.nat({ max: 300 }), fc.constantFrom(0, 2048, 2049, 4097, 20_000, 33_000, 70_000));
const sending = fc.record({
  payload: fc.tuple(size, fc.boolean()).map(([size, isProse]) => (isProse ? prose(size, size) : noise(size))),
  compress: fc.boolean(),
  fragment: fc.boolean(),
});

describe('what is compressed', () => {
  const plain = prose(2000);
  const written = (payload: Uint8Array, options: PermessageDeflateOptions, compress = true) => {
    const end = new End('server', agreed(pureZlib(), options).server);
    end.connection.send(payload, { compress });
    const bytes = concat(end.connection.take());
    return { marked: (bytes[0]! & 0x40) !== 0, length: bytes.length };
  };

  test('a message from the threshold on, unless the application says no', () => {
    expect(written(plain, {})).toMatchObject({ marked: true });
    expect(written(plain, {}).length).toBeLessThan(1000);
    expect(written(plain, {}, false)).toEqual({ marked: false, length: 2004 });
    expect(written(prose(1024), {}).marked).toBe(true);
    expect(written(prose(1023), {}).marked).toBe(false);
    for (const threshold of [0, 1999, 2000, 2001]) {
      expect(written(plain, { threshold }).marked).toBe(threshold <= 2000);
    }
    expect(written(NOTHING, { threshold: 0 })).toEqual({ marked: true, length: 3 });
  });

  test('not what has not become shorter, unless later messages may refer to it', () => {
    expect(written(noise(2000), {})).toEqual({ marked: false, length: 2004 });
    expect(written(noise(2000), { serverNoContextTakeover: false }).marked).toBe(true);
  });

  test('at the level that is set', () => {
    const lengths = [0, 1, 9].map((level) => written(prose(4000), { level, serverNoContextTakeover: false }).length);
    expect(lengths[0]).toBeGreaterThan(4000);
    expect(lengths[2]).toBeLessThan(lengths[1]!);
  });
});

test('the ratio: what grows to more than 64 KiB and more than so many times is 1009', async () => {
  const zeros = (length: number): RawFrame => ({ opcode: 2, rsv1: true, payload: deflated(new Uint8Array(length)) });
  const says = async (frame: RawFrame, maxRatio?: number) =>
    (await served(pureZlib(), [frame], { maxRatio })).events.map((line) => line.replace(/ 0*$/, ''));
  expect(await says(zeros(65_536), 1)).toEqual(['binary']);
  expect(await says(zeros(65_537), 1)).toEqual(['message-too-big 1009']);
  expect(await says(zeros(100_000), 100)).toEqual(['message-too-big 1009']);
  expect(await says(zeros(100_000), 1032)).toEqual(['binary']);
  expect(await says(zeros(1_000_000))).toEqual(['binary']);
  const { length } = deflated(new Uint8Array(500_000));
  expect(await says(zeros(500_000), 500_000 / length)).toEqual(['binary']);
  expect(await says(zeros(500_000), 499_999 / length)).toEqual(['message-too-big 1009']);
});

describe('a zlib that fails', () => {
  const settings = { threshold: 0, level: 6, memLevel: 8, maxRatio: 10, maxTakeovers: 1 };
  const alone = { serverNoContextTakeover: true, clientNoContextTakeover: true };
  const windows = { serverMaxWindowBits: 15, clientMaxWindowBits: 15 };
  const make = (zlib: Zlib) => {
    const extension = new PermessageDeflate(
      'server',
      { ...alone, ...windows },
      { ...settings, ...alone, ...windows, zlib },
    );
    return new End('server', extension);
  };
  const fails = (): never => {
    throw new Error('no memory');
  };

  test.each([
    ['at once, in making a context', { deflater: fails, inflater: fails }],
    ['at once', { deflater: () => ({ deflate: fails, close() {} }), inflater: () => ({ inflate: fails, close() {} }) }],
    [
      'later',
      {
        deflater: () => ({ deflate: async () => fails(), close() {} }),
        inflater: () => ({ inflate: async () => fails(), close() {} }),
      },
    ],
  ])('%s: messages go as they are; what came is 1007', async (_, zlib) => {
    const end = make({ minWindowBits: 8, ...zlib });
    end.connection.send('Hello');
    end.connection.send('again');
    await end.settled();
    expect(hex(concat(end.connection.take()))).toBe('810548656c6c6f8105616761696e');
    end.receive(
      rawFrames([
        { opcode: 1, rsv1: true, payload: hello, maskingKey: 1 },
        { ...ping, maskingKey: 1 },
      ]),
    );
    await end.settled();
    expect(end.events).toEqual(['extension-data-illegal 1007']);
  });

  test('has no empty messages to do', () => {
    let made = 0;
    const count = (): never => {
      made++;
      return fails();
    };
    const end = make({ minWindowBits: 8, deflater: count, inflater: count });
    end.connection.send('');
    expect(hex(concat(end.connection.take()))).toBe('c10100');
    end.receive(rawFrames([{ opcode: 1, rsv1: true, maskingKey: 1 }]));
    expect([end.events, made]).toEqual([['extension-data-illegal 1007'], 0]);
  });

  test('is given up, and the next message has a new context', async () => {
    let made = 0;
    let closed = 0;
    const end = make({
      ...pureZlib(),
      deflater: () => {
        made++;
        return { deflate: fails, close: () => closed++ };
      },
    });
    end.connection.send('one');
    end.connection.send('two');
    expect([made, closed]).toEqual([2, 2]);
  });
});

test('M5: contexts are made for the first message that needs one, and closed with the connection', () => {
  const calls: string[] = [];
  const pure = pureZlib();
  const zlib: Zlib = {
    minWindowBits: 8,
    deflater: (settings) => {
      calls.push(`deflater ${settings.windowBits} ${settings.takeover}`);
      return { ...pure.deflater(settings), close: () => calls.push('close deflater') };
    },
    inflater: (settings) => {
      calls.push(`inflater ${settings.windowBits} ${settings.takeover}`);
      return { ...pure.inflater(settings), close: () => calls.push('close inflater') };
    },
  };
  const windows = { serverMaxWindowBits: 10, clientMaxWindowBits: 11 };
  const { server } = agreed(zlib, { ...windows, serverNoContextTakeover: false, clientNoContextTakeover: true });
  const end = new End('server', server);
  end.connection.send('short');
  expect(calls).toEqual([]);
  end.connection.send(prose(2000));
  end.connection.send(prose(2000));
  expect(calls.splice(0)).toEqual(['deflater 10 true']);
  end.receive(rawFrames([{ opcode: 1, rsv1: true, payload: hello, maskingKey: 1 }]));
  expect(calls.splice(0)).toEqual(['inflater 11 false']);
  end.connection.receiveEnd();
  expect(calls).toEqual(['close deflater', 'close inflater']);
});
