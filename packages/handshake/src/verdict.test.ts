import { expect, test } from 'vitest';
import { UpgradePolicy } from './policy.ts';
import { refuse } from './refusal.ts';
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

test('header fields come as an object, as pairs, as a Map or as the Headers of the web; what is none of these is a TypeError', () => {
  const decided = (headers: unknown) => decide({ ok: true, headers } as Verdict, 'hook').headers;
  const web = new Headers({ 'X-A': '1' });
  web.append('Set-Cookie', 'a=1');
  web.append('Set-Cookie', 'b=2');
  expect(decided(web)).toEqual([
    ['set-cookie', 'a=1'],
    ['set-cookie', 'b=2'],
    ['x-a', '1'],
  ]);
  expect(decided(new Map<string, unknown>([['A', ['1', '2']]]))).toEqual([
    ['A', '1'],
    ['A', '2'],
  ]);
  expect(decided([['A', 1]])).toEqual([['A', '1']]);
  for (const none of [undefined, null, {}, []]) expect(decided(none)).toEqual([]);
  for (const wrong of [5, 'A: 1', true, ['A: 1'], [['A']], [['A', '1', '2']], [null]]) {
    expect(() => decided(wrong), String(wrong)).toThrow(/^headers must be an object of names and values, or pairs/);
  }
  const options = { headers: { 'X-A': '1' } };
  expect(refuse(400, options).response.headers).toContainEqual(['X-A', '1']);
  expect(new UpgradePolicy(options).headers).toEqual([['X-A', '1']]);
  expect(() => new UpgradePolicy({ headers: 'X-A: 1' as never })).toThrow(TypeError);
});

test('what is no verdict is a TypeError that names the hook; so is a header of another type', () => {
  for (const wrong of [undefined, null, 1, 'yes', {}, { ok: 1 }, { name: 'ada' }, []]) {
    expect(() => decide(wrong as never, 'verifyClient')).toThrow(/^verifyClient must answer with a boolean/);
  }
  expect(() => decide({ ok: true, headers: { A: null } } as never, 'hook')).toThrow('the header A must be');
});
