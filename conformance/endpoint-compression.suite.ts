import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { decodeNaively, type RawFrame } from '@ws/testkit';
import { close, text } from '@ws/testkit/raw-client';
import { expect } from 'vitest';
import { binary, bytes, check, EAGER, MIB, ping, pongLine } from './check.suite.ts';
import { digest } from './servers/behave.js';

const offer = { extensions: 'permessage-deflate; client_max_window_bits' };
const squeeze = (data: Uint8Array): Buffer =>
  deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
const compressed = (data: Uint8Array, opcode: number): RawFrame => ({ opcode, rsv1: true, payload: squeeze(data) });

check('compression', 'is agreed on with a client that offers it, and with no other', async (server) => {
  const { fields } = await (await server.open('echo', offer)).response();
  expect(fields.get('sec-websocket-extensions')).toMatch(/^permessage-deflate\b/);
  const unknown = await (await server.open('echo', { extensions: 'permessage-bzip2, x-unknown; a=1' })).response();
  expect(unknown.fields.has('sec-websocket-extensions')).toBe(false);
});

for (const size of [0, 1, 2048, 2049, 70_000, MIB]) {
  check('compression', `${size} bytes, compressed, are what they were`, async (server) => {
    const client = await server.open('tell', offer);
    const [data, content] = [bytes(size), Buffer.alloc(size, 'text')];
    client.send(compressed(data, 2), compressed(content, 1), close(1000));
    await client.end();
    expect(await client.told()).toEqual([
      `binary ${size}:${digest(data)}`,
      `text ${size}:${digest(content)}`,
      'end 1000 ""',
    ]);
  });
}

check(
  'compression',
  'what the server compresses inflates to what was sent, and from its threshold on',
  async (server) => {
    for (const size of [1, 500, 70_000]) {
      const client = await server.open('echo', { ...offer, maxPayload: EAGER });
      client.send(binary(bytes(size)));
      const head = (await client.response()).head.length;
      const rules = { role: 'client', allowedRsv: 0x40 } as const;
      const decoded = () => decodeNaively(client.bytes.subarray(head), rules).events;
      await client.until(() => decoded().length === 1);
      const [event] = decoded();
      if (event?.type !== 'message') throw new Error('no message');
      expect(event.rsv).toBe(size < 2 ? 0 : 0x40);
      const tail = Buffer.from('000000ffff', 'hex').subarray(1);
      const data =
        event.rsv === 0
          ? event.payload
          : inflateRawSync(Buffer.concat([event.payload, tail]), { finishFlush: constants.Z_SYNC_FLUSH });
      expect(Buffer.compare(data, bytes(size))).toBe(0);
    }
  },
);

check('compression', 'fragments of a compressed message, with a ping between', async (server) => {
  const client = await server.open('tell', offer);
  const payload = squeeze(Buffer.from('grüße '.repeat(9)));
  client.send(
    { opcode: 1, rsv1: true, fin: false, payload: payload.subarray(0, 5) },
    ping('p'),
    { opcode: 0, payload: payload.subarray(5) },
    close(1000),
  );
  await client.end();
  expect(client.transcript()).toEqual([pongLine('p'), 'close 1000 ""']);
  const content = Buffer.from('grüße '.repeat(9));
  expect(await client.told()).toEqual([`text ${content.length}:${digest(content)}`, 'end 1000 ""']);
});

const illegal: [string, RawFrame, number, string][] = [
  ['a bomb of 100 MiB', compressed(new Uint8Array(100 * MIB), 2), 1009, 'message-too-big'],
  ['what is no deflate stream', { opcode: 2, rsv1: true, payload: Uint8Array.of(255) }, 1007, 'extension-data-illegal'],
  ['text that is not UTF-8', compressed(Uint8Array.of(0xc0, 0x80), 1), 1007, 'text-not-utf8'],
  ['RSV1 on a ping', { opcode: 9, rsv1: true }, 1002, 'reserved-bits'],
];
for (const [what, frame, code, violation] of illegal) {
  check('compression', `${what}: ${code}`, async (server) => {
    const client = await server.open('tell', offer);
    client.send(text('before'), frame, text('behind'));
    await client.end();
    expect(client.transcript()).toEqual([`close ${code} ""`]);
    const [before, end, ...more] = await client.told();
    expect([before, more]).toEqual(['text 6:6265666f7265', []]);
    expect(end).toContain(`end 1006 "" ${violation} at `);
  });
}
