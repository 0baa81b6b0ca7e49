import { concat, pushAll, split } from '@ws/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOf, damaged, requestHead, responseHead, textOf } from './arbitraries.suite.ts';
import {
  type HeadKinds,
  type HeadLimits,
  HeadParser,
  parseRequestHead,
  parseResponseHead,
  serializeHead,
} from './index.ts';

type Kind = keyof HeadKinds;

const parsers = { request: parseRequestHead, response: parseResponseHead };
const kinds = fc.constantFrom<Kind>('request', 'response');
const headOf = (kind: Kind) => (kind === 'request' ? requestHead : responseHead);
const cuts = fc.oneof(fc.constant('every byte' as const), fc.array(fc.nat(), { maxLength: 6 }));

/** Those after which another head comes. */
const informational = fc.record({ head: responseHead, status: fc.constantFrom(100, 102, 103, 110, 199) });
const before = fc.array(
  informational.map(({ head, status }) => serializeHead({ ...head, status })),
  { maxLength: 2 },
);

const legal = kinds.chain((kind) =>
  fc.record({
    kind: fc.constant(kind),
    before: kind === 'response' ? before : fc.constant([]),
    head: headOf(kind),
    rest: fc.uint8Array({ maxLength: 20 }),
    cuts,
  }),
);

/** Most streams are nearly heads, some are any bytes; bytes may follow. */
const streams = legal.chain(({ kind, before, head, rest, cuts }) =>
  fc.record({
    kind: fc.constant(kind),
    cuts: fc.constant(cuts),
    bytes: fc.oneof(
      { weight: 8, arbitrary: damaged(fc.constant(concat([...before, serializeHead(head), rest]))) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
    ),
    limits: fc.record({
      maxHeadBytes: fc.oneof({ weight: 3, arbitrary: fc.constant(16384) }, fc.nat(200)),
      maxHeaderFields: fc.oneof({ weight: 3, arbitrary: fc.constant(100) }, fc.nat(8)),
    }),
  }),
);

/** What the parser says in the end, and with which of the bytes. The chunks are overwritten after each push. */
function parseInChunks(kind: Kind, chunks: Uint8Array[], limits?: HeadLimits) {
  const parser = new HeadParser(kind, limits);
  let pushed = 0;
  let result: object = { needed: true };
  pushAll(
    {
      push(chunk) {
        const answer = 'head' in result ? undefined : parser.push(chunk);
        pushed += chunk.length;
        if (answer) result = 'error' in answer ? answer : { head: answer.head, bytesRead: pushed - answer.rest.length };
        return chunk.length;
      },
    },
    chunks,
  );
  return result;
}

test('a head comes back as it was, under any chunking', () => {
  fc.assert(
    fc.property(legal, ({ kind, before, head, rest, cuts }) => {
      const bytes = concat([...before, serializeHead(head)]);
      const chunks = split(Uint8Array.from([...bytes, ...rest]), cuts);
      expect(parseInChunks(kind, chunks)).toEqual({ head, bytesRead: bytes.length });
    }),
  );
});

test('any bytes: the same head or the same error, however they are cut', () => {
  fc.assert(
    fc.property(streams, ({ kind, bytes, cuts, limits }) => {
      expect(parseInChunks(kind, split(bytes, cuts), limits)).toEqual(parsers[kind](bytes, limits));
    }),
    { numRuns: 2000 },
  );
});

// The grammar of RFC 9112 as one expression a kind: slow, but nothing of it is shared with the scanner.
const FIELDS = String.raw`(?:[!#$%&'*+\-.^_\`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n`;
const REASON = String.raw` [\t\x20-\x7e\x80-\xff]*\r\n`;
const PASSED_OVER = String.raw`HTTP/\d\.\d 1(?!01)\d\d${REASON}${FIELDS}`;
const FINAL = String.raw`HTTP/\d\.\d (?:101|[2-9]\d\d)${REASON}${FIELDS}`;
const GRAMMAR = {
  request: new RegExp(String.raw`^([!#$%&'*+\-.^_\`|~0-9A-Za-z]+ [\x21-\x7e]+ HTTP/\d\.\d\r\n${FIELDS})`),
  response: new RegExp(`^(?:${PASSED_OVER})*(${FINAL})`),
};
/**
 * Whatever can still become a head becomes one with the end of this one: it stands once in each state of the grammar.
 */
const WHOLE = { request: 'A / HTTP/1.1\r\nA: b\r\n\r\n', response: 'HTTP/1.1 101 A\r\nA: b\r\n\r\n' };

function canBecomeHead(kind: Kind, text: string): boolean {
  // With another behind it, for what is passed over.
  return Array.from(WHOLE[kind], (_, at) => WHOLE[kind].slice(at) + WHOLE[kind]).some((end) => {
    const match = GRAMMAR[kind].exec(text + end);
    return match !== null && match[0].length > text.length;
  });
}

test('any bytes: a head exactly when the grammar matches, an error exactly at the byte after which it never can', () => {
  const seen = { head: 0, needed: 0, error: 0 };
  fc.assert(
    fc.property(streams, ({ kind, bytes }) => {
      const text = textOf(bytes);
      const result = parsers[kind](bytes);
      const match = GRAMMAR[kind].exec(text);
      if ('head' in result) {
        seen.head++;
        expect(result.bytesRead).toBe(match?.[0].length);
        const lines = match![1]!.split('\r\n').slice(1, -2);
        expect(result.head.headers).toEqual(
          lines.map((line) => [
            line.slice(0, line.indexOf(':')),
            line.slice(line.indexOf(':') + 1).replace(/^[\t ]+|[\t ]+$/g, ''),
          ]),
        );
        return;
      }
      expect(match).toBe(null);
      if ('needed' in result) {
        seen.needed++;
        expect(canBecomeHead(kind, text)).toBe(true);
      } else {
        seen.error++;
        const offset = result.error.offset!;
        expect(canBecomeHead(kind, text.slice(0, offset))).toBe(true);
        expect(canBecomeHead(kind, text.slice(0, offset + 1))).toBe(false);
      }
    }),
    { numRuns: 2000 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50);
});

test('each byte in each place of a head: an error exactly where the grammar never matches again', () => {
  for (const kind of ['request', 'response'] as const) {
    for (let at = 0; at < WHOLE[kind].length; at++) {
      for (let byte = 0; byte < 256; byte++) {
        const text = WHOLE[kind].slice(0, at) + String.fromCharCode(byte);
        const result = parsers[kind](bytesOf(text));
        const complete = GRAMMAR[kind].test(text);
        if ('error' in result) expect(result.error.offset).toBe(at);
        expect('head' in result).toBe(complete);
        expect('error' in result).toBe(!complete && !canBecomeHead(kind, text));
      }
    }
  }
});
