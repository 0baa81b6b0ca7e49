import { rawFrame, rawFrames } from '@ws/testkit';
import { close, text, textLine } from '@ws/testkit/raw-client';
import { expect } from 'vitest';
import { binary, binaryLine, bytes, check, key, MIB, ping, pongLine } from './check.suite.ts';

// Messages.

for (const size of [0, 1, 125, 126, 65_535, 65_536, MIB]) {
  check('messages', `${size} bytes of binary and of text are echoed`, async (server) => {
    const client = await server.open('echo');
    const sent = [binary(bytes(size)), text('aé€😀'.repeat(size / 10) + 'z'.repeat(size % 10))];
    client.send(...sent);
    const answer = rawFrames(sent);
    const head = (await client.response()).head.length;
    await client.until(() => client.length >= head + answer.length);
    expect(Buffer.compare(client.bytes.subarray(head), answer)).toBe(0);
  });
}

check('messages', 'a thousand messages at once are echoed in their order', async (server) => {
  const client = await server.open('echo');
  const contents = Array.from({ length: 1000 }, (_, i) => `message ${i}`);
  client.send(...contents.map(text));
  expect(await client.received(1000)).toEqual(contents.map(textLine));
});

// Fragments.

check('fragments', '100,000 fragments of one byte are a message', async (server) => {
  const client = await server.open('echo');
  const one = rawFrame({ opcode: 0, fin: false, ...key, payload: Uint8Array.of(7) });
  const frames = Buffer.alloc(99_998 * one.length, one);
  client.send({ opcode: 2, fin: false, payload: Uint8Array.of(7) });
  client.write(frames).send({ opcode: 0, payload: Uint8Array.of(7) });
  expect(await client.received(1)).toEqual([binaryLine(new Uint8Array(100_000).fill(7))]);
});

// Controls.

check('controls', 'pings between fragments are answered at once, in their order', async (server) => {
  const client = await server.open('echo');
  client.send({ ...text('grü'), fin: false }, ping('one'));
  expect(await client.received(1)).toEqual([pongLine('one')]);
  client.send({ opcode: 0, fin: false }, ping(''), ping('x'.repeat(125)));
  expect(await client.received(3)).toEqual([pongLine('one'), pongLine(''), pongLine('x'.repeat(125))]);
  client.send({ opcode: 0, payload: Buffer.from('ße') });
  expect((await client.received(4)).at(-1)).toBe(textLine('grüße'));
});

check('controls', 'pongs that nobody asked for are no news', async (server) => {
  const client = await server.open('tell');
  client.send({ opcode: 10, payload: Buffer.from('a') }, { opcode: 10 }, text('b'), close(1000));
  await client.end();
  expect(client.transcript()).toEqual(['close 1000 ""']);
  expect(await client.told()).toEqual(['text 1:62', 'end 1000 ""']);
});

check('controls', 'a thousand pings at once are all answered', async (server) => {
  const client = await server.open('echo');
  const contents = Array.from({ length: 1000 }, (_, i) => `${i}`.padStart(120));
  client.send(...contents.map(ping));
  expect(await client.received(1000)).toEqual(contents.map(pongLine));
});
