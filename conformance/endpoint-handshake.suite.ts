import { upgradeRequest } from '@ws/testkit';
import { text, textLine } from '@ws/testkit/raw-client';
import { expect } from 'vitest';
import { check, masked } from './check.suite.ts';

// Where a runtime's own parser of HTTP might answer in its own way.

const refusals: [string, number, Record<string, string | undefined>, string?][] = [
  ['no key', 400, { 'Sec-WebSocket-Key': undefined }],
  ['a key of 15 bytes', 400, { 'Sec-WebSocket-Key': 'MTIzNDU2Nzg5MDEyMzQ1' }],
  ['version 12', 426, { 'Sec-WebSocket-Version': '12' }],
  ['an offer that breaks the grammar', 400, { 'Sec-WebSocket-Extensions': 'permessage-deflate; =1' }],
  ['a subprotocol twice', 400, { 'Sec-WebSocket-Protocol': 'a, a' }],
];
for (const [what, expected, fields] of refusals) {
  check('handshake', `${what}: ${expected}, and the connection ends`, async (server) => {
    const client = server.connect().write(upgradeRequest(fields));
    const { status, fields: answer } = await client.response();
    expect(status).toBe(expected);
    expect(answer.get('connection')?.toLowerCase()).toMatch(/\bclose$/);
    await client.end();
  });
}

check('handshake', 'the answer is that of RFC 6455, section 1.3, and offers nothing', async (server) => {
  const client = await server.open('echo');
  const { fields } = await client.response();
  expect(fields.get('sec-websocket-accept')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  expect(fields.get('upgrade')?.toLowerCase()).toBe('websocket');
  expect(fields.get('connection')?.toLowerCase()).toBe('upgrade');
  expect([fields.has('sec-websocket-protocol'), fields.has('sec-websocket-extensions')]).toEqual([false, false]);
});

check('handshake', 'frames in the segment of the request, and a request in single bytes', async (server) => {
  const early = server.connect();
  early.write(Buffer.concat([Buffer.from(upgradeRequest({}, 'GET /echo/x HTTP/1.1')), masked(text('early'))]));
  expect(await early.received(1)).toEqual([textLine('early')]);
  const slow = server.connect();
  for (const byte of Buffer.from(upgradeRequest({}, 'GET /echo/x HTTP/1.1'))) slow.write(Uint8Array.of(byte));
  expect((await slow.response()).status).toBe(101);
  slow.send(text('late'));
  expect(await slow.received(1)).toEqual([textLine('late')]);
});
