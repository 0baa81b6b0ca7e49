import { describe, expect, test } from 'vitest';
import { acceptUpgrade, checkUpgrade, UpgradePolicy, type UpgradePolicyOptions } from './index.ts';
import { anything, expectRefused, request, without } from './sample-request.suite.ts';

describe('H8: origins', () => {
  const from = (origin?: string) => (origin === undefined ? without('Origin') : without('Origin', ['Origin', origin]));
  const policy = new UpgradePolicy({ allowedOrigins: ['https://Example.com:443', 'http://localhost:3000'] });

  test('those that are listed pass, as a browser serialises them', () => {
    for (const origin of ['https://example.com', 'http://localhost:3000']) {
      expect(checkUpgrade(from(origin), policy)).toMatchObject({ ok: true, offer: { origin } });
    }
    for (const origin of [
      ...['https://evil.example', 'http://example.com', 'https://example.com:8443', 'https://example.com.evil.example'],
      ...[
        'https://evil-example.com',
        'https://sub.example.com',
        'https://example.com/',
        'null',
        '',
        'constructor',
        '*',
      ],
    ]) {
      expectRefused(from(origin), 'origin-forbidden', 403, policy);
    }
  });

  test('an absent one passes unless it is required', () => {
    expect(checkUpgrade(from(), policy)).toMatchObject({ ok: true, offer: { origin: undefined } });
    expectRefused(
      from(),
      'origin-missing',
      403,
      new UpgradePolicy({ allowedOrigins: ['https://example.com'], requireOrigin: true }),
    );
    expectRefused(from(), 'origin-missing', 403, new UpgradePolicy({ requireOrigin: true }));
    const anyOrigin = new UpgradePolicy({ requireOrigin: true });
    expect(checkUpgrade(from('https://example.org'), anyOrigin)).toMatchObject({ ok: true });
  });

  test('null passes only where it is listed, an empty list lets nobody in, none lets all in', () => {
    expect(checkUpgrade(from('null'), new UpgradePolicy({ allowedOrigins: ['null'] }))).toMatchObject({ ok: true });
    expectRefused(from('http://example.com'), 'origin-forbidden', 403, new UpgradePolicy({ allowedOrigins: [] }));
    expect(checkUpgrade(from('https://evil.example'), anything)).toMatchObject({ ok: true });
  });

  test('a plain object is no policy: its list would be forgotten', () => {
    const plain = { allowedOrigins: ['https://example.com'] } as unknown as UpgradePolicy;
    expect(() => checkUpgrade(request, plain)).toThrow('new UpgradePolicy(options)');
    expect(() => acceptUpgrade(request, plain)).toThrow(TypeError);
  });
});

test.each<[string, UpgradePolicyOptions]>([
  ['an origin without scheme', { allowedOrigins: ['example.com'] }],
  ['an origin with a path', { allowedOrigins: ['https://example.com/'] }],
  ['origins that are no array', { allowedOrigins: 'https://example.com' as unknown as string[] }],
  ['a subprotocol that is no token', { subprotocols: ['a b'] }],
  ['a subprotocol twice', { subprotocols: ['a', 'a'] }],
  ['subprotocols that are no array', { subprotocols: 'chat' as unknown as string[] }],
  ['two ways to choose', { subprotocols: ['a'], selectSubprotocol: () => 'a' }],
  ['a flag that is a string', { requireOrigin: 'false' as unknown as boolean }],
  [
    'an extension twice',
    {
      extensions: [
        { name: 'a', accept: () => undefined },
        { name: 'a', accept: () => undefined },
      ],
    },
  ],
  ['an extension whose name is no token', { extensions: [{ name: 'a;b', accept: () => undefined }] }],
])('a policy is validated when it is made: %s', (_, options) => {
  expect(() => new UpgradePolicy(options)).toThrow(TypeError);
});

test('an option that is undefined is left out, whatever its name', () => {
  expect(() => new UpgradePolicy({ allowedOrigin: undefined, allowedOrigins: undefined } as object)).not.toThrow();
});

test('a policy keeps its own copies', () => {
  const options = {
    allowedOrigins: ['https://a.example'],
    subprotocols: ['a'],
    extensions: [{ name: 'a', accept: () => undefined }],
    headers: [['A', 'b']] as [string, string][],
  };
  const policy = new UpgradePolicy(options);
  options.allowedOrigins.push('http://example.com');
  options.subprotocols.push('b');
  options.extensions.pop();
  options.headers[0]![1] = 'c';
  options.headers.push(['C', 'd']);
  expect(policy.headers).toEqual([['A', 'b']]);
  expect(policy.extensions).toHaveLength(1);
  expect(policy.selectSubprotocol(['b'], request)).toBe(undefined);
  expectRefused(request, 'origin-forbidden', 403, policy);
});
