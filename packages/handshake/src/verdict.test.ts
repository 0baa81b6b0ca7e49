import { expect, test } from 'vitest';
import { decide, type Verdict } from './verdict.ts';

test('yes and no, alone and with what goes along', () => {
  expect(decide(true, 'hook')).toEqual({ ok: true, context: undefined, headers: [] });
  expect(decide({ ok: true, context: 7, headers: { A: ['1', '2'], B: 3 } }, 'hook')).toEqual({
    ok: true,
    context: 7,
    headers: [
      ['A', '1'],
      ['A', '2'],
      ['B', '3'],
    ],
  });
  expect(decide({ ok: false, status: 302, body: 'there', headers: { Location: '/' } }, 'hook')).toEqual({
    ok: false,
    status: 302,
    body: 'there',
    headers: [['Location', '/']],
  });
});

test('a 401 names a way to authenticate, by default Bearer; no other status does', () => {
  const challenge = (verdict: Verdict) => decide(verdict, 'hook').headers;
  expect(challenge(false)).toEqual([['WWW-Authenticate', 'Bearer']]);
  expect(challenge({ ok: false })).toEqual([['WWW-Authenticate', 'Bearer']]);
  expect(challenge({ ok: false, headers: { 'www-authenticate': 'Basic' } })).toEqual([['www-authenticate', 'Basic']]);
  expect(challenge({ ok: false, status: 403 })).toEqual([]);
});

test('what is no verdict is a TypeError that names the hook; so is a header of another type', () => {
  for (const wrong of [undefined, null, 1, 'yes', {}, { ok: 1 }, { name: 'ada' }, []]) {
    expect(() => decide(wrong as never, 'verifyClient')).toThrow(/^verifyClient must answer with a boolean/);
  }
  expect(() => decide({ ok: true, headers: { A: null } } as never, 'hook')).toThrow('the header A must be');
});
