import { describe, expect, test } from 'vitest';
import {
  type Acceptance,
  acceptUpgrade,
  checkUpgrade,
  completeUpgrade,
  type ExtensionNegotiator,
  headerValues,
  type RequestHead,
  UpgradePolicy,
  type UpgradePolicyOptions,
} from './index.ts';
import { anything, plus, request } from './sample-request.suite.ts';

function accepted<E>(request: RequestHead, policy: UpgradePolicy<E>): Acceptance<E> {
  const result = acceptUpgrade(request, policy);
  if (!result.ok) throw result.error;
  return result;
}

describe('subprotocols', () => {
  const chosen = (offered: string | undefined, options: UpgradePolicyOptions) => {
    const asked = offered === undefined ? request : plus(['Sec-WebSocket-Protocol', offered]);
    const { response, negotiated } = accepted(asked, new UpgradePolicy(options));
    const sent = headerValues(response.headers, 'sec-websocket-protocol');
    expect(sent).toEqual(negotiated.subprotocol === '' ? [] : [negotiated.subprotocol]);
    return negotiated.subprotocol;
  };

  test('H19: without a list none is chosen, and no header is sent', () => {
    expect(chosen('a, b', {})).toBe('');
    expect(chosen(undefined, {})).toBe('');
  });

  test("the server's order decides, and what was not offered is not chosen", () => {
    expect(chosen('a, b', { subprotocols: ['b', 'a'] })).toBe('b');
    expect(chosen('a, b', { subprotocols: ['c'] })).toBe('');
    expect(chosen(undefined, { subprotocols: ['a'] })).toBe('');
  });

  test('the application may choose, out of what was offered', () => {
    const calls: unknown[] = [];
    const selectSubprotocol = (offered: readonly string[], request: RequestHead) => {
      calls.push([offered, request.target]);
      return offered.at(-1);
    };
    expect(chosen('a, b', { selectSubprotocol })).toBe('b');
    expect(chosen(undefined, { selectSubprotocol })).toBe('');
    expect(calls).toEqual([[['a', 'b'], '/chat']]);
    expect(chosen('a', { selectSubprotocol: () => undefined })).toBe('');
    expect(chosen('a', { selectSubprotocol: () => '' })).toBe('');
    for (const bad of ['c', 'A', 'a\r\nX: y', false as unknown as string]) {
      expect(() => chosen('a', { selectSubprotocol: () => bad })).toThrow(TypeError);
    }
  });

  test('what completes the handshake may overrule the policy', () => {
    const policy = new UpgradePolicy({ subprotocols: ['a'] });
    const checked = checkUpgrade(plus(['Sec-WebSocket-Protocol', 'a, b']), policy);
    if (!checked.ok) throw checked.error;
    const complete = (subprotocol?: string) =>
      completeUpgrade(checked.offer, policy, { subprotocol }).negotiated.subprotocol;
    expect([complete(), complete('b'), complete('')]).toEqual(['a', 'b', '']);
    expect(() => complete('c')).toThrow('was not offered');
  });
});

describe('H4: extensions', () => {
  /** Wants one `size` of digits; answers with it. */
  const toy = (name: string): ExtensionNegotiator<{ size: number }> => ({
    name,
    accept(parameters) {
      const [[key, value] = [], ...more] = parameters;
      if (key !== 'size' || !value || !/^\d+$/.test(value) || more.length > 0) return undefined;
      return { parameters: [['size', value]], extension: { size: Number(value) } };
    },
  });
  const policy = new UpgradePolicy({ extensions: [toy('toy'), toy('constructor')] });
  const negotiate = (...values: string[]) => {
    const { response, negotiated } = accepted(
      plus(...values.map((value): [string, string] => ['Sec-WebSocket-Extensions', value])),
      policy,
    );
    return {
      sent: headerValues(response.headers, 'sec-websocket-extensions'),
      sizes: negotiated.extensions.map(({ extension }) => extension.size),
    };
  };

  test.each<[string, string[], string[], number[]]>([
    ['none offered', [], [], []],
    ['unknown ones', ['permessage-deflate, x-webkit-deflate-frame, __proto__'], [], []],
    ['one', ['toy; size=1'], ['toy; size=1'], [1]],
    ['quoted', ['toy; size="\\1"'], ['toy; size=1'], [1]],
    ['a bad offer, then a good one', ['toy, toy; size=x, toy; size=2, toy; size=3'], ['toy; size=2'], [2]],
    ['duplicate parameters are for the extension to judge', ['toy; size=1; size=2'], [], []],
    [
      "two, in the client's order",
      ['constructor; size=1', ', ,toy; size=2'],
      ['constructor; size=1, toy; size=2'],
      [1, 2],
    ],
    ['with case', ['TOY; size=1'], [], []],
  ])('%s', (_, values, sent, sizes) => {
    expect(negotiate(...values)).toEqual({ sent, sizes });
  });

  test('H5: a name that every object has is no extension', () => {
    const { negotiated } = accepted(plus(['Sec-WebSocket-Extensions', 'constructor, toString; size=1']), anything);
    expect(negotiated.extensions).toEqual([]);
  });
});

describe('header fields of the application', () => {
  test('those of the policy, then those of this response, duplicates kept', () => {
    const policy = new UpgradePolicy({
      headers: [
        ['Server', 'x'],
        ['Set-Cookie', 'a=1'],
      ],
    });
    const checked = checkUpgrade(request, policy);
    if (!checked.ok) throw checked.error;
    const { response } = completeUpgrade(checked.offer, policy, {
      headers: [
        ['Set-Cookie', 'b=2'],
        ['Set-Cookie', 'c=3'],
      ],
    });
    expect(response.headers.slice(3)).toEqual([
      ['Server', 'x'],
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
      ['Set-Cookie', 'c=3'],
    ]);
  });

  test.each<[string, string]>([
    ...[
      'Upgrade',
      'connection',
      'CONTENT-LENGTH',
      'Transfer-Encoding',
      'Sec-WebSocket-Accept',
      'sec-websocket-protocol',
      'Sec-WebSocket-Future',
    ].map((name): [string, string] => [name, 'x']),
    ['X', 'a\r\nSet-Cookie: evil=1'],
    ['X', 'a\0'],
    ['X', 'Ā'],
    ['X\r\nY', 'a'],
    ['X Y', 'a'],
    ['', 'a'],
  ])('H15: %j: %j is a TypeError', (name, value) => {
    expect(() => new UpgradePolicy({ headers: [[name, value]] })).toThrow(TypeError);
    expect(() => acceptUpgrade(request, anything, { headers: [[name, value]] })).toThrow(TypeError);
  });
});
