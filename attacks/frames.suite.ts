import { deflateRawSync } from 'node:zlib';
import type { RawFrame } from '@ws/testkit';
import { close, type RawClient, text } from '@ws/testkit/raw-client';
import { type Attack, DEFLATE, each, frames, MIB, masked, measured, reaction, seen, verdict } from './attack.suite.ts';
import type { Target } from './target.suite.ts';

const PROTOCOL_ERROR = 'closes 1002';
const BAD_DATA = 'closes 1007';
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const five = { opcode: 2, payload: bytes(1, 2, 3, 4, 5) };
/** The header alone of a frame whose payload never comes. */
const head = (frame: RawFrame): Uint8Array => masked({ declaredLength: 100, ...frame });

/** Whether the server has agreed on compression; the others cannot be attacked by it. */
async function compressing(target: Target) {
  const client = await target.open('echo', DEFLATE);
  const { fields } = await client.response();
  return fields.has('sec-websocket-extensions') ? client : undefined;
}

/** Frames of a compressed message (RFC 7692 section 7.2.1). */
function compressed(content: string, ...between: RawFrame[]): RawFrame[] {
  const whole = deflateRawSync(content, { finishFlush: 2 }).subarray(0, -4);
  const half = whole.length >> 1;
  const start = { opcode: 1, rsv1: true, fin: false, payload: whole.subarray(0, half) };
  return [start, ...between, { opcode: 0, payload: whole.subarray(half) }];
}

const ping = { opcode: 9, payload: Buffer.from('ping') };
const strayPong = { opcode: 10, payload: Buffer.from('stray') };
const wireCode = (code: number) => ({ opcode: 8, payload: bytes(code >> 8, code & 255) });

/** The rows F: frames that another end must not send, or may. */
export const frameAttacks: readonly Attack[] = [
  {
    name: 'F1',
    attacker: 'writes a length in a longer form than it needs, which two readers may take for two lengths',
    good: 'closes with 1002',
    run: frames(PROTOCOL_ERROR, {
      '16 bits': [{ ...five, lengthForm: 16 }],
      '64 bits': [{ ...five, lengthForm: 64 }],
      'of a ping': [{ ...ping, lengthForm: 16 }],
    }),
  },
  {
    name: 'F2',
    attacker: 'claims a length of 2^63, or of 2^53',
    good: 'closes with 1002, or with 1009, and allocates nothing',
    async run(target) {
      const claiming = (declaredLength: bigint) => async () =>
        reaction(target, (await target.open('echo')).send({ opcode: 2, declaredLength, lengthForm: 64 }));
      const before = (await target.report()).rss;
      const outcome = await each([
        ['2^63', PROTOCOL_ERROR, claiming(2n ** 63n)],
        ['2^53', 'closes 1009', claiming(2n ** 53n)],
      ]);
      const { held, fact } = measured((await target.report()).rss - before, 16 * MIB, 'MiB', MIB);
      return held ? outcome : { held, fact: `allocates ${fact}` };
    },
  },
  {
    name: 'F3',
    attacker: 'does not mask, so that a proxy on the way may read its bytes as a request',
    good: 'closes with 1002',
    run: frames(PROTOCOL_ERROR, { '': [{ ...text('hello'), maskingKey: undefined }] }),
  },
  {
    name: 'F4',
    attacker: 'sends the header of an illegal frame, and nothing of its payload',
    good: 'closes with 1002 on the header',
    run: frames(PROTOCOL_ERROR, {
      RSV2: head({ opcode: 2, rsv2: true }),
      'opcode 3': head({ opcode: 3 }),
      'ping in fragments': head({ opcode: 9, fin: false }),
      'ping of 126 B': head({ opcode: 9, declaredLength: 126 }),
    }),
  },
  {
    name: 'F5',
    attacker: 'sets reserved bits that mean nothing where they stand, with compression agreed on',
    good: 'closes with 1002',
    run: frames(
      PROTOCOL_ERROR,
      {
        'RSV1 of a ping': [{ ...ping, rsv1: true }],
        'RSV1 of a continuation': [
          { ...text('a'), fin: false },
          { opcode: 0, rsv1: true },
        ],
        RSV2: [{ ...text('a'), rsv2: true }],
        RSV3: [{ ...text('a'), rsv3: true }],
      },
      DEFLATE,
    ),
  },
  {
    name: 'F6',
    attacker: 'sends control frames of 126 bytes',
    good: 'closes with 1002',
    run: frames(PROTOCOL_ERROR, {
      ping: [{ opcode: 9, payload: new Uint8Array(126) }],
      pong: [{ opcode: 10, payload: new Uint8Array(126) }],
      Close: [{ opcode: 8, payload: Uint8Array.from({ length: 126 }, (_, i) => [3, 232][i] ?? 97) }],
    }),
  },
  {
    name: 'F7',
    attacker: 'begins a message inside another one, to have the first replaced',
    good: 'closes with 1002',
    run: frames(PROTOCOL_ERROR, { '': [{ ...text('first'), fin: false }, text('second')] }),
  },
  {
    name: 'F8',
    attacker:
      'sends pings, and pongs that nobody asked for, between the fragments of a message, also of a compressed one',
    good: 'answers the ping, and gets the message whole',
    async run(target) {
      const plain = [{ ...text('hel'), fin: false }, ping, strayPong, { opcode: 0, payload: Buffer.from('lo') }];
      const talking = (client: RawClient, sent: readonly RawFrame[]) => async () => {
        client.send(...sent);
        await target.patience(client, () => seen(client).length >= 2);
        return seen(client).join(', ') || 'nothing';
      };
      const whole = 'pong of 4 B, message of 5 B';
      const packed = await compressing(target);
      return each(
        [
          ['plain', whole, talking(await target.open('echo'), plain)],
          ...(packed ? [['compressed', whole, talking(packed, compressed('hello', ping, strayPong))] as const] : []),
        ],
        /^$/,
      );
    },
  },
  {
    name: 'F9',
    attacker: 'sends a Close of one byte, with a code that must not be sent, with one that may, or in two segments',
    good: 'closes with 1002 where it is illegal, and returns the code where it is not',
    async run(target) {
      const closing = (sent: RawFrame) => async () => reaction(target, (await target.open('echo')).send(sent));
      return each([
        ['one byte', PROTOCOL_ERROR, closing({ opcode: 8, payload: bytes(3) })],
        ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map(
          (code) => [`${code}`, PROTOCOL_ERROR, closing(wireCode(code))] as const,
        ),
        ...[1000, 1014, 3000, 3999, 4999].map(
          (code) => [`${code}`, `closes ${code}`, closing(wireCode(code))] as const,
        ),
        [
          'a reason in two segments',
          'closes 1000',
          async () => {
            const client = await target.open('echo');
            const frame = masked(close(1000, 'grüße'));
            // In the middle of the ü.
            client.write(frame.subarray(0, 11));
            await target.serves();
            return reaction(target, client.write(frame.subarray(11)));
          },
        ],
      ]);
    },
  },
  {
    name: 'F10',
    attacker: 'sends the code 1005, which stands for the absence of one, as nats-server 2.9 does',
    good: 'closes with 1002, and tells the application of no clean close',
    async run(target) {
      await target.report();
      const client = (await target.open('keep')).send(wireCode(1005));
      const fact = await reaction(target, client);
      await target.leave(client);
      const told = (await target.report()).told.keep?.join() ?? 'nothing';
      return verdict(
        fact === PROTOCOL_ERROR && !/^(nothing|close 1000|close 1005)$/.test(told),
        `${fact}, the application is told ${told}`,
      );
    },
  },
  {
    name: 'F11',
    attacker: 'sends a byte that is no UTF-8, and never the end of that message',
    good: 'closes with 1007 at that byte',
    run: frames(BAD_DATA, {
      'in a fragment': [{ opcode: 1, fin: false, payload: bytes(97, 0xff) }],
      'in a part of a frame': masked({ opcode: 1, declaredLength: 1000, payload: bytes(97, 0xff, 97, 97) }),
    }),
  },
  {
    name: 'F12',
    attacker: 'ends a text in the middle of a character',
    good: 'closes with 1007',
    run: frames(BAD_DATA, {
      '': [{ opcode: 1, payload: bytes(0xe2, 0x82) }],
      'in fragments': [
        { opcode: 1, fin: false, payload: bytes(0xe2) },
        { opcode: 0, payload: bytes(0x82) },
      ],
    }),
  },
  {
    name: 'F13',
    attacker: 'begins a text with a byte order mark, so that what is checked and what is used may differ',
    good: 'delivers it as it is',
    async run(target) {
      const client = (await target.open('echo')).send(text('\ufeffhello'));
      const fact = await reaction(target, client);
      return verdict(fact === 'message of 8 B', fact);
    },
  },
  {
    name: 'F14',
    attacker: 'sends an empty frame that says it is compressed, and then a compressed message',
    good: 'closes with 1007: an empty payload is no whole block',
    async run(target) {
      const client = await compressing(target);
      if (client === undefined) return verdict(true, '');
      client.send({ opcode: 1, rsv1: true }, ...compressed('hello'));
      return each([['', BAD_DATA, () => reaction(target, client)]]);
    },
  },
  {
    name: 'F15',
    attacker: 'sends frames behind its Close, legal ones and others',
    good: 'answers the Close and drops them silently',
    async run(target) {
      await target.report();
      const client = (await target.open('keep')).send(close(1000), text('late'), { opcode: 3 });
      await reaction(target, client);
      await target.leave(client);
      const told = (await target.report()).told.keep?.join();
      const fact = `${seen(client).join(', ')}, the application is told ${told}`;
      return verdict(fact === 'closes 1000, the application is told close 1000', fact);
    },
  },
];
