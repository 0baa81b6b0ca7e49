import { expect, test } from 'vitest';
import { request } from './raw-client.suite.ts';
import { type ServeOptions, serve } from './serve.suite.ts';

const cases: [string, ServeOptions, string | undefined, number][] = [
  ['by default any origin passes', {}, 'https://evil.example', 101],
  ['by default none is needed', {}, undefined, 101],
  ['a listed one passes', { allowedOrigins: ['https://a.example'] }, 'https://a.example', 101],
  ['the list is normalised', { allowedOrigins: ['HTTPS://A.example:443'] }, 'https://a.example', 101],
  ['another is forbidden', { allowedOrigins: ['https://a.example'] }, 'https://b.example', 403],
  ['another scheme is another origin', { allowedOrigins: ['https://a.example'] }, 'http://a.example', 403],
  ['another port is another origin', { allowedOrigins: ['https://a.example'] }, 'https://a.example:444', 403],
  ['a suffix is another origin', { allowedOrigins: ['https://a.example'] }, 'https://a.example.evil', 403],
  ['a prefix is another origin', { allowedOrigins: ['https://a.example'] }, 'https://evil-a.example', 403],
  ['an empty list forbids all', { allowedOrigins: [] }, 'https://a.example', 403],
  ['null only if listed', { allowedOrigins: ['https://a.example'] }, 'null', 403],
  ['null if listed', { allowedOrigins: ['null'] }, 'null', 101],
  ['an absent one passes a list', { allowedOrigins: ['https://a.example'] }, undefined, 101],
  ['an absent one is refused if required', { requireOrigin: true }, undefined, 403],
  ['any is enough if one is required', { requireOrigin: true }, 'https://a.example', 101],
];

for (const [name, options, origin, expected] of cases) {
  test(`H8: ${name}: ${expected}`, async () => {
    const { port } = await serve(options);
    const client = request(port, { Origin: origin });
    expect((await client.response()).status).toBe(expected);
    if (expected !== 101) await client.end();
  });
}

test('H8: two Origin fields are refused', async () => {
  const { port } = await serve({ allowedOrigins: ['https://a.example'] });
  const client = request(port, { Origin: ['https://a.example', 'https://b.example'] });
  expect((await client.response()).status).toBe(400);
  await client.end();
});

test('H8: a forbidden origin never reaches verifyClient', async () => {
  const { port } = await serve({
    allowedOrigins: ['https://a.example'],
    verifyClient: () => expect.unreachable('the origin is forbidden'),
  });
  const client = request(port, { Origin: 'https://b.example' });
  expect((await client.response()).status).toBe(403);
  await client.end();
});
