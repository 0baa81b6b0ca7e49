import { BOUNDARY_LENGTHS } from './arbitrary-values.ts';
import { fromHex } from './hex.ts';
import { utf8Of } from './naive-utf8.ts';
import type { RawFrame } from './raw-frame.ts';
import type { StreamVector } from './vector-json.ts';
import { close, EVEN_KEY, legal, OPEN, ROLES, text, vector, zeros } from './vector-stream.ts';
import { RFC_6455_5_7 } from './vectors.ts';

export function rfcVectors(): StreamVector[] {
  return RFC_6455_5_7.map(({ name, sender, hex }) =>
    vector(name, { role: sender === 'client' ? 'server' : 'client', ended: true }, [fromHex(hex)]),
  );
}

/** Every length at which the header's form changes, masked and not; the limits exactly met. */
export function lengthVectors(): StreamVector[] {
  const data = BOUNDARY_LENGTHS.flatMap((length) => {
    const payload = new Uint8Array(length).fill(0x61);
    return [
      ...legal(`binary, ${length} bytes`, [{ opcode: 2, payload }], {}, EVEN_KEY),
      ...legal(`text, ${length} bytes, the limit`, [{ opcode: 1, payload }], { maxMessagePayload: length }, EVEN_KEY),
    ];
  });
  const controls = [0, 1, 124, 125].flatMap((length) =>
    legal(
      `ping and pong, ${length} bytes`,
      [9, 10].map((opcode) => ({ opcode, payload: zeros(length) })),
    ),
  );
  return [...data, ...controls];
}

export function fragmentationVectors(): StreamVector[] {
  // No endpoint may send this; behind a Close it is not read.
  const meaningless: RawFrame = { opcode: 3, payload: zeros(3) };
  const ping: RawFrame = { opcode: 9, payload: text('?') };
  const pong: RawFrame = { opcode: 10 };
  const end: RawFrame = { opcode: 0, payload: text('lo') };
  const euro = utf8Of('€😀');
  const characters = Array.from(
    euro,
    (_, i): RawFrame => ({ fin: i === 6, opcode: i === 0 ? 1 : 0, payload: euro.slice(i, i + 1) }),
  );
  return [
    ...legal('in two', [OPEN, end]),
    ...legal('in two, with a ping and a pong between', [OPEN, ping, pong, end]),
    ...legal('in three, with a ping in each gap, and a message behind', [
      OPEN,
      ping,
      { fin: false, opcode: 0 },
      ping,
      end,
      { opcode: 2 },
    ]),
    ...legal('empty fragments alone', [{ fin: false, opcode: 2 }, { fin: false, opcode: 0 }, { opcode: 0 }]),
    ...legal('one byte each, inside of characters', characters),
    ...legal(
      'one byte each, inside of characters, with pings between',
      characters.flatMap((frame) => [ping, frame]),
    ),
    ...legal('a Close inside of a message ends it: nothing behind it has a meaning', [OPEN, close(1000), meaningless]),
    ...legal('RSV1 on the first frame only', [{ ...OPEN, rsv1: true, payload: Uint8Array.of(0xff) }, end], {
      allowedRsv: 0x40,
    }),
    ...legal(
      'a fragment over each boundary of length',
      [
        { fin: false, opcode: 2, payload: zeros(125) },
        { fin: false, opcode: 0, payload: zeros(126) },
        { opcode: 0, payload: zeros(65536) },
      ],
      {},
      EVEN_KEY,
    ),
    ...legal('two messages, one after the other', [OPEN, end, OPEN, ping, end]),
    vector('a key of its own for each fragment', { role: 'server', ended: true }, [
      { ...OPEN, maskingKey: 0x01020304 },
      { ...ping, maskingKey: 0 },
      { ...end, maskingKey: -1 },
    ]),
  ];
}

/** A Close with each code at the end of a range, without a reason and with the longest. */
export function closeVectors(codes: readonly { readonly code: number; readonly legal: boolean }[]): StreamVector[] {
  return [
    ...legal('a Close without a code', [{ opcode: 8 }]),
    ...legal('a Close with the longest reason', [close(1000, text('x'.repeat(123)))]),
    ...legal('a Close whose reason begins with a BOM', [close(1000, text('\ufeffwhy'))]),
    ...codes.flatMap(({ code, legal }) =>
      ROLES.map((role) => {
        const made = vector(`a Close with ${code}`, { role, ended: true }, [close(code)]);
        if ((made.violation === null) !== legal)
          throw new Error(`${made.name}: legal in the table, not so in the codec, or the reverse`);
        return made;
      }),
    ),
  ];
}
