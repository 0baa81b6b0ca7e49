import {
  type Cuts,
  cuts,
  legalStream,
  type PlantedViolation,
  plantedViolation,
  pushAll,
  Recorder,
  rawFrame,
  rawFrames,
  split,
  type Violation,
} from '@ws/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MessageDecoder } from './index.ts';

/*
 * What other implementations get wrong, row by row. Rows with a subject of their own stand with it: F8 with
 * fragmentation, F9 with close, F11 to F13 with UTF-8, F15 with silence.
 */

function decode(bytes: Uint8Array, rules: PlantedViolation['rules'], cuts: Cuts = []): Recorder {
  const recorder = new Recorder();
  const decoder = new MessageDecoder(rules, rules, recorder);
  pushAll(decoder, split(bytes, cuts));
  return recorder;
}

/** Each planted violation of the kind is found, in any chunks, with this code. */
function found(kind: Violation, closeCode: number): void {
  fc.assert(
    fc.property(plantedViolation(kind), cuts(), ({ rules, bytes, expected }, cuts) => {
      expect(expected.closeCode).toBe(closeCode);
      expect(decode(bytes, rules, cuts).violations).toMatchObject([expected]);
    }),
    { numRuns: 200 },
  );
}

/** The verdict is out with the byte at the offset: not before, and no byte behind it is waited for. */
function foundAtOnce(kind: Violation): void {
  fc.assert(
    fc.property(plantedViolation(kind), ({ rules, bytes, expected }) => {
      const recorder = new Recorder();
      const decoder = new MessageDecoder(rules, rules, recorder);
      decoder.push(bytes.subarray(0, expected.offset));
      expect(recorder.violations).toEqual([]);
      decoder.push(bytes.subarray(expected.offset, expected.offset + 1));
      expect(recorder.violations).toMatchObject([expected]);
    }),
    { numRuns: 200 },
  );
}

const rules = { role: 'client', allowedRsv: 0, ended: true } as const;

describe('F1: a length that is not in its shortest form is a violation, 1002, at its last byte', () => {
  test('in any stream', () => found('length-not-minimal', 1002));

  test('all 126 lengths in 16 bits and all 65,536 in 64 bits', () => {
    for (let length = 0; length < 65536; length++) {
      for (const lengthForm of length < 126 ? ([16, 64] as const) : ([64] as const)) {
        const frame = rawFrame({ opcode: 2, lengthForm, declaredLength: length });
        const [error] = decode(frame, rules).violations;
        if (error?.violation !== 'length-not-minimal' || error.offset !== (lengthForm === 16 ? 3 : 9)) {
          expect.fail(`${length} in ${lengthForm} bits: ${error?.violation} at ${error?.offset}`);
        }
      }
    }
  });
});

describe('F2: a 64-bit length', () => {
  test('with its top bit set is 1002', () => found('length-top-bit', 1002));
  test('over 2^53-1 without it is 1009', () => found('length-unsafe', 1009));

  test('at the edges of both; and nothing is allocated', () => {
    const edges: [bigint, string][] = [
      [2n ** 53n - 1n, 'frame-too-big'],
      [2n ** 53n, 'length-unsafe'],
      [2n ** 63n - 1n, 'length-unsafe'],
      [2n ** 63n, 'length-top-bit'],
      [2n ** 64n - 1n, 'length-top-bit'],
    ];
    for (const [declaredLength, violation] of edges) {
      const recorder = new Recorder();
      const decoder = new MessageDecoder(rules, {}, recorder);
      decoder.push(rawFrame({ opcode: 2, declaredLength }));
      expect(recorder.violations, String(declaredLength)).toMatchObject([{ violation, offset: 9 }]);
      expect(decoder.bufferedBytes).toBe(0);
    }
  });

  test('of 2^53-1, where the limits allow it, is taken, and nothing is allocated before it comes', () => {
    const recorder = new Recorder();
    const decoder = new MessageDecoder(rules, { maxMessagePayload: 2 ** 53 - 1 }, recorder);
    decoder.push(rawFrame({ opcode: 2, declaredLength: 2 ** 53 - 1 }));
    expect(recorder.violations).toEqual([]);
    expect(decoder.bufferedBytes).toBeLessThanOrEqual(16);
  });
});

describe('F3: the mask is demanded from a client and forbidden to a server', () => {
  test('an unmasked frame from a client', () => found('mask-missing', 1002));
  test('a masked frame from a server', () => found('mask-forbidden', 1002));

  test('an observer takes both', () => {
    const stream = rawFrames([
      { opcode: 9, maskingKey: 7, payload: Uint8Array.of(1) },
      { opcode: 9, payload: Uint8Array.of(1) },
    ]);
    expect(decode(stream, { ...rules, role: 'observer' }).transcript()).toEqual(['ping 1:01', 'ping 1:01']);
  });
});

describe('F4: judged on the header, with the very byte that is wrong', () => {
  const ofHeaders: Violation[] = [
    'reserved-opcode',
    'reserved-bits',
    'fragmented-control',
    'orphan-continuation',
    'data-inside-message',
    'mask-missing',
    'mask-forbidden',
    'control-too-long',
    'close-payload-too-short',
    'length-top-bit',
    'length-not-minimal',
    'length-unsafe',
    'frame-too-big',
    'message-too-big',
  ];
  test.each(ofHeaders)('%s', foundAtOnce);
});

test.each<Violation>(['close-code-illegal', 'close-reason-not-utf8', 'text-not-utf8'])(
  'a payload is judged with the very byte that is wrong: %s',
  foundAtOnce,
);

describe('F5: reserved bits', () => {
  test('that are not negotiated', () => found('reserved-bits', 1002));

  test('that are negotiated: on the first frame of a message, never on a continuation or a control frame', () => {
    const opening = { fin: false, opcode: 2 };
    for (const bits of [{ rsv1: true }, { rsv2: true }, { rsv3: true }]) {
      const negotiated = { ...rules, allowedRsv: 0x70 };
      for (const opcode of [1, 2]) {
        expect(decode(rawFrame({ opcode, ...bits }), negotiated).violations).toEqual([]);
        expect(decode(rawFrame({ opcode, fin: false, ...bits }), negotiated).violations).toEqual([]);
      }
      for (const opcode of [0, 8, 9, 10]) {
        const stream = rawFrames([opening, { opcode, ...bits }]);
        expect(decode(stream, negotiated).violations).toMatchObject([{ violation: 'reserved-bits', offset: 2 }]);
      }
    }
  });
});

describe('F6: a control frame over 125 bytes', () => {
  test('in any stream', () => found('control-too-long', 1002));

  test.each([8, 9, 10])('opcode %i, from 126 to 300 bytes', (opcode) => {
    for (let length = 126; length <= 300; length++) {
      const frame = rawFrame({ opcode, payload: new Uint8Array(length).fill(3) });
      expect(decode(frame, rules).violations).toMatchObject([{ violation: 'control-too-long', offset: 1 }]);
    }
    const longest = rawFrame({ opcode, payload: Uint8Array.of(3, 0xe8, ...new Uint8Array(123).fill(0x41)) });
    expect(decode(longest, rules).transcript()).toHaveLength(1);
  });
});

describe('F7: data inside a message', () => {
  test('is a violation', () => found('data-inside-message', 1002));

  test('and never delivers either message', () => {
    fc.assert(
      fc.property(legalStream({ role: 'client' }, { maxPayload: 30 }), (frames) => {
        const plain = frames.filter(({ opcode }) => opcode !== 8);
        const stream = rawFrames([...plain, { fin: false, opcode: 1 }, { opcode: 1, payload: Uint8Array.of(0x41) }]);
        expect(decode(stream, rules).events).toEqual(decode(rawFrames(plain), rules).events);
      }),
    );
  });
});
