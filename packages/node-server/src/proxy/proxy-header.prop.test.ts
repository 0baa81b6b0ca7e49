import { isIP } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOfV6, type RawProxyHeader, rawProxyHeader } from './proxy-header.suite.ts';
import { decodeProxyHeader, ProxyProtocolError } from './proxy-header.ts';

const extras = fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 255 })), {
  maxLength: 4,
});
const source = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('::', '::1', '::ffff:192.0.2.1', '2001:db8::'));
const legal: fc.Arbitrary<RawProxyHeader> = fc.oneof(
  fc.record({ source, extras }),
  // What came over QUIC.
  fc.record({ source: fc.ipV4(), family: fc.constant(0x12), extras }),
  fc.record({ source: fc.ipV6(), family: fc.constant(0x22), extras }),
  // UNSPEC; and LOCAL, with which a family means nothing.
  fc.record({ extras }),
  fc.record({ command: fc.constant(0), family: fc.integer({ min: 0, max: 255 }), extras }),
);

/** What reading the bytes comes to: an error only by its reason. */
function outcome(bytes: Uint8Array): object {
  try {
    return decodeProxyHeader(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(ProxyProtocolError);
    return { reason: (error as ProxyProtocolError).reason };
  }
}

/** The same where it comes in pieces, and as much is taken as is asked for. */
function outcomeOfReading(bytes: Uint8Array, pieces: readonly number[]): object {
  let [have, came, piece] = [0, 0, 0];
  for (;;) {
    const result = outcome(bytes.subarray(0, have)) as { needed?: number };
    if (result.needed === undefined) return result;
    // The stream ends before it, and gives what is left.
    if (bytes.length < result.needed) return outcome(bytes);
    while (came < result.needed) {
      came += pieces[piece++ % pieces.length]!;
    }
    have = result.needed;
  }
}

test('a header of any family, extras and command: its length, and the address that the proxy wrote', () => {
  fc.assert(
    fc.property(legal, fc.uint8Array(), (header, behind) => {
      const bytes = rawProxyHeader(header);
      const read = decodeProxyHeader(Buffer.concat([bytes, behind])) as { length: number; source: string | undefined };
      expect(read.length).toBe(bytes.length);
      if (header.source === undefined) expect(read.source).toBeUndefined();
      else if (isIP(header.source) === 4) expect(read.source).toBe(header.source);
      else {
        expect(isIP(read.source!)).toBe(6);
        expect(bytesOfV6(read.source!)).toEqual(bytesOfV6(header.source));
        // The shortest way to write it, as a URL has it as well, but for addresses of IPv4 in it.
        if (!read.source!.includes('.')) expect(`[${read.source}]`).toBe(new URL(`http://[${header.source}]`).hostname);
      }
    }),
  );
});

test('every cut of a header asks for more, and never for more than there is', () => {
  fc.assert(
    fc.property(legal, (header) => {
      const bytes = rawProxyHeader(header);
      for (let cut = 0; cut < bytes.length; cut++) {
        const { needed } = decodeProxyHeader(bytes.subarray(0, cut)) as { needed: number };
        expect(needed).toBeGreaterThan(cut);
        expect(needed).toBeLessThanOrEqual(bytes.length);
      }
    }),
  );
});

/** A header, whole or cut, with some bytes of it changed. */
const damaged = fc
  .tuple(legal, fc.array(fc.tuple(fc.nat(63), fc.nat(255)), { maxLength: 3 }), fc.nat(300))
  .map(([header, changes, cut]) => {
    const bytes = rawProxyHeader(header);
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
    return bytes.subarray(0, cut);
  });

test('any bytes: a header, more bytes, or the typed error; in whatever pieces they come, the same', () => {
  const anything = fc.oneof(fc.uint8Array({ maxLength: 300 }), damaged);
  fc.assert(
    fc.property(anything, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (bytes, pieces) => {
      expect(outcomeOfReading(bytes, pieces)).toEqual(outcome(bytes));
    }),
    { numRuns: 1000 },
  );
});

test('an error stays one, whatever comes behind it', () => {
  fc.assert(
    fc.property(damaged, fc.uint8Array(), (bytes, behind) => {
      const first = outcome(bytes);
      if ('reason' in first) expect(outcome(Buffer.concat([bytes, behind]))).toEqual(first);
    }),
    { numRuns: 1000 },
  );
});

test('all versions, commands, families and transports: those of the specification, and no others', () => {
  const known = new Map([0x00, 0x11, 0x12, 0x21, 0x22, 0x31, 0x32].map((family) => [family, true]));
  for (let version = 0; version < 16; version++) {
    for (let command = 0; command < 16; command++) {
      for (let family = 0; family < 256; family++) {
        // The 216 bytes of two paths, which are enough for any.
        const bytes = rawProxyHeader({ version, command, family, extras: [[4, Buffer.alloc(213)]] });
        const reason =
          version !== 2
            ? 'version-unsupported'
            : command > 1
              ? 'command-unknown'
              : command === 1 && !known.has(family)
                ? 'family-unknown'
                : undefined;
        expect((outcome(bytes) as { reason?: string }).reason, `${version} ${command} ${family}`).toBe(reason);
      }
    }
  }
});

test('a length that the addresses do not fit into, or that nobody needs, is judged before the rest has come', () => {
  for (const [family, least] of [
    [0x00, 0],
    [0x11, 12],
    [0x21, 36],
    [0x31, 216],
  ] as const) {
    for (const declaredLength of [0, 1, 11, 12, 13, 35, 36, 37, 215, 216, 217, 4080, 4081, 65_535]) {
      const bytes = rawProxyHeader({ family, declaredLength });
      const reason =
        declaredLength > 4080 ? 'header-too-long' : declaredLength < least ? 'header-too-short' : undefined;
      const expected =
        reason === undefined ? (declaredLength === 0 ? { length: 16 } : { needed: 16 + declaredLength }) : { reason };
      expect(outcome(bytes), `${family} ${declaredLength}`).toMatchObject(expected);
    }
  }
});

test('version 1, a request and TLS are no header; the error says what to have the proxy send', () => {
  for (const start of [
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n',
    'GET / HTTP/1.1\r\n',
    '\x16\x03\x01',
    '\r\n\r\n\0\r\nQUITE',
  ]) {
    expect(() => decodeProxyHeader(Buffer.from(start, 'latin1'))).toThrow(/HAProxy: send-proxy-v2; version 1 is not/);
  }
});
