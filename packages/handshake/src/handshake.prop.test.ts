import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  bytesOf,
  damaged,
  fieldValue,
  nastyText,
  ownHeader,
  parameters,
  textOf,
  trickyToken,
  urls,
} from './arbitraries.suite.ts';
import {
  acceptUpgrade,
  createUpgrade,
  type ExtensionNegotiator,
  type HeaderFields,
  HeadParser,
  parseExtensions,
  parseRequestHead,
  parseResponseHead,
  type RequestHead,
  type ResponseHead,
  refuse,
  serializeHead,
  UpgradePolicy,
  verifyUpgrade,
} from './index.ts';

const headers: fc.Arbitrary<HeaderFields> = fc.array(fc.tuple(ownHeader, fieldValue), { maxLength: 4 });
const uniqueTokens = fc.uniqueArray(trickyToken, { maxLength: 4 });
const random = fc.uint8Array({ minLength: 16, maxLength: 16 });

/** An extension that echoes the parameters of its first offer. */
const echo = (name: string): ExtensionNegotiator<string> => ({
  name,
  accept: (parameters) => ({ parameters, extension: name }),
});

test('the server accepts what the client creates, and the client what the server answers', () => {
  const seen = { subprotocol: 0, extensions: 0 };
  fc.assert(
    fc.property(
      fc.record({
        url: urls,
        key: random,
        subprotocols: uniqueTokens,
        supported: uniqueTokens,
        offers: fc.uniqueArray(
          fc.record({ name: trickyToken, offers: fc.array(parameters, { minLength: 1, maxLength: 3 }) }),
          { selector: ({ name }) => name, maxLength: 3 },
        ),
        known: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
        origin: fc.option(fc.constantFrom('https://example.com', 'http://localhost:3000'), { nil: undefined }),
        headers,
        serverHeaders: headers,
        shared: fc.boolean(),
      }),
      ({ url, key, subprotocols, offers, known, origin, headers, serverHeaders, ...rest }) => {
        const supported = rest.shared ? [...subprotocols].reverse() : rest.supported;
        const pending = createUpgrade(url, {
          random: () => key,
          subprotocols,
          extensions: offers.map((offer) => ({ ...offer, verify: () => offer.name })),
          origin,
          headers,
        });
        const policy = new UpgradePolicy({
          allowedOrigins: ['https://example.com', 'http://localhost:3000'],
          subprotocols: supported,
          extensions: offers.filter((_, i) => known[i]).map(({ name }) => echo(name)),
          headers: serverHeaders,
        });

        const request = parseRequestHead(serializeHead(pending.request));
        if (!('head' in request)) throw new Error('the request did not parse');
        expect(request.head).toEqual(pending.request);
        const answer = acceptUpgrade(request.head, policy);
        if (!answer.ok) throw answer.error;

        const response = new HeadParser('response').push(serializeHead(answer.response));
        if (!response || 'error' in response) throw new Error('the response did not parse');
        expect(response.head).toEqual(answer.response);
        const verified = verifyUpgrade(response.head, pending);
        if (!verified.ok) throw verified.error;

        expect(verified.negotiated).toEqual(answer.negotiated);
        const chosen = supported.filter((subprotocol) => subprotocols.includes(subprotocol))[0] ?? '';
        expect(answer.negotiated.subprotocol).toBe(chosen);
        expect(answer.negotiated.extensions).toEqual(
          offers
            .filter((_, i) => known[i])
            .map(({ name, offers }) => ({ name, parameters: offers[0], extension: name })),
        );
        if (chosen) seen.subprotocol++;
        if (answer.negotiated.extensions.length > 0) seen.extensions++;
      },
    ),
    { numRuns: 500 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50);
});

/** `right` nine times of ten, so that what is judged behind it is reached. */
const mostly = <T>(right: T, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(right) }, { weight: 1, arbitrary: other });

/** What a client or server asks of the other, with values from right to absurd. */
const peerHeaders = fc.array(
  fc.tuple(
    fc.oneof(
      fc.constantFrom(
        ...[
          'Host',
          'Upgrade',
          'Connection',
          'Sec-WebSocket-Key',
          'Sec-WebSocket-Version',
          'Sec-WebSocket-Accept',
          'Origin',
        ],
      ),
      fc.constantFrom(
        ...[
          'Sec-WebSocket-Protocol',
          'Sec-WebSocket-Extensions',
          'Content-Length',
          'Transfer-Encoding',
          'constructor',
          '__proto__',
        ],
      ),
      nastyText,
    ),
    fc.oneof(
      fc.constantFrom(
        'websocket',
        'Upgrade',
        '13',
        'dGhlIHNhbXBsZSBub25jZQ==',
        's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
        'a',
        'null',
      ),
      nastyText,
    ),
  ),
  { maxLength: 10 },
);
const policy = new UpgradePolicy({
  allowedOrigins: ['null'],
  subprotocols: ['a'],
  extensions: [echo('a'), echo('constructor')],
});
const pending = createUpgrade('ws://a', {
  random: () => new Uint8Array(Buffer.from('the sample nonce')),
  subprotocols: ['a'],
  extensions: [{ name: 'a', offers: [[]], verify: () => 'a' }],
});

test('no head of a peer makes either end throw, and each refusal can be written', () => {
  const required: HeaderFields = [
    ...(pending.request.headers as [string, string][]),
    ['Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
  ];
  const seen = new Map<string, number>();
  const see = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
  fc.assert(
    fc.property(
      fc.record({
        method: mostly('GET', nastyText),
        target: mostly('/', nastyText),
        httpVersion: mostly('1.1', nastyText),
      }),
      fc.record({ status: mostly(101, fc.integer()), reason: nastyText }),
      fc.oneof(
        peerHeaders,
        peerHeaders.map((more) => [...required, ...more]),
        fc
          .tuple(fc.nat(), peerHeaders)
          .map(([at, more]) => [...required.filter((_, i) => i !== at % required.length), ...more]),
      ),
      (start, line, headers) => {
        const request: RequestHead = { ...start, headers };
        const answer = acceptUpgrade(request, policy);
        if (answer.ok) expect(verifyUpgrade(answer.response, pending)).toBeDefined();
        else expect(textOf(serializeHead(answer.response))).toMatch(/^HTTP\/1\.1 [45]\d\d /);
        see(answer.ok ? 'accepted' : answer.error.reason);
        const response: ResponseHead = { httpVersion: '1.1', ...line, headers };
        const verified = verifyUpgrade(response, pending);
        see(verified.ok ? 'verified' : verified.error.reason);
      },
    ),
    { numRuns: 3000 },
  );
  // Deep enough: the last checks are reached too.
  for (const what of [
    'accepted',
    'verified',
    'origin-forbidden',
    'extensions-malformed',
    'subprotocols-malformed',
    'subprotocol-unexpected',
  ]) {
    expect(seen.get(what) ?? 0, what).toBeGreaterThan(0);
  }
});

test('no bytes of a peer make the way from bytes to the answer throw', () => {
  const seen = { needed: 0, malformed: 0, refused: 0, accepted: 0 };
  fc.assert(
    fc.property(damaged(fc.constant(serializeHead(pending.request))), (bytes) => {
      const parsed = parseRequestHead(bytes);
      if ('needed' in parsed) {
        seen.needed++;
        return;
      }
      const answer = 'error' in parsed ? refuse(parsed.error) : acceptUpgrade(parsed.head, policy);
      seen['error' in parsed ? 'malformed' : answer.ok ? 'accepted' : 'refused']++;
      expect('head' in parseResponseHead(serializeHead(answer.response))).toBe(true);
    }),
    { numRuns: 1000 },
  );
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(0);
});

test('a line end in a quoted parameter of an extension is an error, also when it is escaped', () => {
  expect(parseExtensions('a; b="\\\r\\\n"')).toHaveProperty('error');
});

test('what looks like a request line inside a field stays a value', () => {
  expect(parseRequestHead(bytesOf('GET / HTTP/1.1\r\nA: GET / HTTP/1.1\r\n\r\n'))).toMatchObject({
    head: { headers: [['A', 'GET / HTTP/1.1']] },
  });
});
