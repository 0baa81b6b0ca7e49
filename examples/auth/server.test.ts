import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import { type Example, startExample } from '../run-example.suite.ts';

let example: Example;
beforeAll(async () => {
  example = await startExample('auth/server.js');
});
afterAll(() => example.stop());

const ada = { Authorization: 'Bearer ada-7f9a4e' };

/** The greeting that the server sends to whom it lets in. */
async function greeting(protocols: string[], options: ClientOptions): Promise<string> {
  const socket = new WebSocket(example.address, protocols, options);
  const [data] = await once(socket, 'message');
  socket.close();
  await once(socket, 'close');
  return String(data);
}

async function refusal(options: ClientOptions): Promise<{ status: number | undefined; challenge: string | undefined }> {
  const socket = new WebSocket(example.address, options);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  response.resume();
  return { status: response.statusCode, challenge: response.headers['www-authenticate'] };
}

test('a token opens the connection, and the server knows whose it is', async () => {
  expect(await greeting(['notes.v1', 'notes.v2'], { headers: ada })).toBe('Hello Ada, we speak notes.v2.');
  expect(await greeting(['notes.v1'], { headers: { Authorization: 'bearer grace-15c0d8' } })).toBe(
    'Hello Grace, we speak notes.v1.',
  );
  expect(await greeting([], { headers: ada })).toBe('Hello Ada, we speak no subprotocol.');
});

test('without a token, or with a wrong one, the answer is a 401 that says how to authenticate', async () => {
  expect(await refusal({})).toEqual({ status: 401, challenge: 'Bearer realm="notes"' });
  expect(await refusal({ headers: { Authorization: 'Basic YWRhOmFkYQ==' } })).toEqual({
    status: 401,
    challenge: 'Bearer realm="notes"',
  });
  expect(await refusal({ headers: { Authorization: 'Bearer ada-7f9a4f' } })).toEqual({
    status: 401,
    challenge: 'Bearer realm="notes", error="invalid_token"',
  });
});

test('a page of another origin is refused, whatever it sends; one of ours is let in', async () => {
  expect(await refusal({ headers: ada, origin: 'https://evil.example' })).toMatchObject({ status: 403 });
  expect(await greeting([], { headers: ada, origin: 'https://notes.example' })).toContain('Hello Ada');
});

test('text comes back with the name, binary closes with 1003', async () => {
  const socket = new WebSocket(example.address, 'notes.v2', { headers: ada });
  await once(socket, 'message');
  socket.send('milk');
  expect(String((await once(socket, 'message'))[0])).toBe('Ada: milk');
  socket.send(Buffer.from([1]));
  const [code, reason] = await once(socket, 'close');
  expect([code, String(reason)]).toEqual([1003, 'notes are text']);
});
