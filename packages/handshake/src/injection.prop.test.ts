import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fieldValue, nastyText, ownHeader, textOf, token, urls } from './arbitraries.suite.ts';
import {
  acceptUpgrade,
  createUpgrade,
  type HeaderFields,
  parseRequestHead,
  parseResponseHead,
  type RequestHead,
  type ResponseHead,
  refuse,
  serializeExtensions,
  serializeHead,
  UpgradePolicy,
} from './index.ts';

const asked = createUpgrade('ws://a', {
  random: () => new Uint8Array(16),
  subprotocols: ['a'],
  extensions: [{ name: 'a', offers: [[]], verify: () => 'a' }],
}).request;

/** Half of the time what belongs there, half of the time what should not get out. */
const or = (legal: fc.Arbitrary<string>) =>
  fc.oneof(
    { weight: 3, arbitrary: legal },
    { weight: 1, arbitrary: nastyText },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  );

test('H15: whatever the application passes, a head that is written has line breaks only as line ends', () => {
  let written = 0;
  let refused = 0;
  const check = (make: () => RequestHead | ResponseHead) => {
    let head: RequestHead | ResponseHead;
    let bytes: Uint8Array;
    try {
      head = make();
      bytes = serializeHead(head);
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError);
      refused++;
      return;
    }
    written++;
    const lines = textOf(bytes).split('\r\n');
    expect(lines).toHaveLength(head.headers.length + 3);
    for (const line of lines) expect(line).toMatch(/^[\t\x20-\x7e\x80-\xff]*$/);
    const parsed = 'method' in head ? parseRequestHead(bytes) : parseResponseHead(bytes);
    expect(parsed).toHaveProperty('head');
  };
  fc.assert(
    fc.property(
      fc.record({
        url: or(urls),
        path: or(fc.constant('')),
        subprotocol: or(token),
        name: or(token),
        key: or(token),
        value: or(token),
        origin: or(fc.constant('https://a.example')),
      }),
      fc.record({
        header: or(ownHeader),
        headerValue: or(fieldValue),
        reason: or(fieldValue),
        method: or(token),
        version: or(fc.constant('1.1')),
      }),
      (client, { header, headerValue, reason, method, version }) => {
        const headers: HeaderFields = [[header, headerValue]];
        const extensions = [{ name: client.name, parameters: [[client.key, client.value] as const] }];
        check(
          () =>
            createUpgrade(client.url + client.path, {
              random: () => new Uint8Array(16),
              subprotocols: [client.subprotocol],
              extensions: [{ name: client.name, offers: [extensions[0]!.parameters], verify: () => undefined }],
              origin: client.origin,
              headers,
            }).request,
        );
        check(() => ({ ...asked, headers: [['Sec-WebSocket-Extensions', serializeExtensions(extensions)]] }));
        check(() => {
          const negotiators = [
            { name: 'a', accept: () => ({ parameters: extensions[0]!.parameters, extension: 'a' }) },
          ];
          const answer = acceptUpgrade(asked, new UpgradePolicy({ extensions: negotiators, headers }), {
            headers,
          });
          if (!answer.ok) throw answer.error;
          return answer.response;
        });
        check(() => acceptUpgrade(asked, new UpgradePolicy({ selectSubprotocol: () => client.subprotocol })).response);
        check(() => refuse(401, { headers, body: reason }).response);
        check(() => ({ httpVersion: version, status: 101, reason, headers }));
        check(() => ({ method, target: client.path || '/', httpVersion: version, headers }));
      },
    ),
    { numRuns: 500 },
  );
  expect(written).toBeGreaterThan(300);
  expect(refused).toBeGreaterThan(500);
});
