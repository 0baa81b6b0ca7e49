import { encodeFrameHeader } from '@ws/codec';
import { rawFrame, VIOLATIONS } from '@ws/testkit';
import { describe, expect, test } from 'vitest';
import { fieldsAtFault, fieldsOf, headerLength } from './fields.js';

/** @param {Uint8Array} bytes */
function drawn(bytes) {
  return fieldsOf(bytes).map(({ name, bits, value }) => `${name}=${bits}${value === '' ? '' : ` (${value})`}`);
}

describe('the fields of a header', () => {
  test('are those of RFC 6455: a masked text frame', () => {
    expect(drawn(Uint8Array.of(0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f))).toEqual([
      'FIN=1',
      'RSV1=0',
      'RSV2=0',
      'RSV3=0',
      'opcode=0001 (text)',
      'MASK=1',
      'Payload len=0000101 (5)',
      'Masking-key=0011011111111010 (37 fa 21 3d)',
      'Masking-key (continued)=0010000100111101',
    ]);
  });

  test('have the 16 bits of a length, and the 64', () => {
    expect(drawn(Uint8Array.of(0x02, 0x7e, 0x01, 0x00)).slice(4)).toEqual([
      'opcode=0010 (binary)',
      'MASK=0',
      'Payload len=1111110 (126: in the next 16 bits)',
      'Extended payload length=0000000100000000 (256)',
    ]);
    expect(drawn(rawFrame({ opcode: 10, lengthForm: 64, declaredLength: 2n ** 63n + 1n })).slice(5)).toEqual([
      'MASK=0',
      'Payload len=1111111 (127: in the next 64 bits)',
      'Extended payload length=1000000000000000 (9,223,372,036,854,775,809)',
      'Extended payload length (continued)=0000000000000000',
      'Extended payload length (continued)=0000000000000000',
      'Extended payload length (continued)=0000000000000001',
    ]);
  });

  test('are the bits of the header, all of them, for every first two bytes', () => {
    const wrong = [];
    for (let byte0 = 0; byte0 < 256; byte0++) {
      for (let byte1 = 0; byte1 < 256; byte1++) {
        const bytes = Uint8Array.of(byte0, byte1, 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9);
        const bits = fieldsOf(bytes).map((field) => field.bits);
        const header = bytes.subarray(0, headerLength(bytes));
        const expected = Array.from(header, (byte) => byte.toString(2).padStart(8, '0')).join('');
        // The diagram has a place for each of these widths.
        if (bits.join('') !== expected || bits.some(({ length }) => ![1, 4, 7, 16].includes(length))) {
          wrong.push([byte0, byte1, bits]);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test('come as far as the bytes do', () => {
    expect(fieldsOf(new Uint8Array(0))).toEqual([]);
    expect(drawn(Uint8Array.of(0x89))).toEqual(['FIN=1', 'RSV1=0', 'RSV2=0', 'RSV3=0', 'opcode=1001 (ping)']);
    const whole = encodeFrameHeader({ opcode: 2, maskingKey: 7, payloadLength: 70_000 });
    for (let length = 0; length <= whole.length; length++) {
      const bits = fieldsOf(whole.subarray(0, length)).map((field) => field.bits);
      expect(bits.join('').length).toBe(length * 8);
    }
  });
});

test('every violation of a header is about fields that there are, and no other is', () => {
  const names = new Set(fieldsOf(rawFrame({ opcode: 2, maskingKey: 1, lengthForm: 64 })).map(({ name }) => name));
  const ofPayload = /utf8|close-code|end-inside/;
  for (const violation of /** @type {(keyof typeof VIOLATIONS)[]} */ (Object.keys(VIOLATIONS))) {
    const fields = fieldsAtFault(violation);
    for (const field of fields) expect(names).toContain(field);
    expect([violation, fields.length === 0]).toEqual([violation, ofPayload.test(violation)]);
  }
});
