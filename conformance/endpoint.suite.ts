import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import {
  decodeNaively,
  eventLine,
  type RawFrame,
  rawFrame,
  rawFrames,
  type StreamEvent,
  type StreamVector,
  unpackBytes,
  type VectorEvent,
  VIOLATIONS,
} from '@ws/testkit';
import { close, text, textLine, upgradeRequest } from '@ws/testkit/raw-client';
import fragmentation from '@ws/testkit/vectors/fragmentation.json' with { type: 'json' };
import lengths from '@ws/testkit/vectors/lengths.json' with { type: 'json' };
import rfc from '@ws/testkit/vectors/rfc6455-5.7.json' with { type: 'json' };
import violations from '@ws/testkit/vectors/violations.json' with { type: 'json' };
import { expect } from 'vitest';
import type { Connection, ServerUnderTest } from './server-under-test.suite.ts';
import { digest, type Options } from './servers/behave.js';
import type { Feature } from './table.js';

/** One thing that every server must do, in every runtime. */
export interface Check {
  readonly feature: Feature;
  readonly name: string;
  readonly run: (server: ServerUnderTest) => Promise<void>;
}

const MIB = 1_048_576;
/** Whatever has time limits of its own: a server of these is told by its longest message. */
const SHORT_CLOSE = 3_000_001;
const SHORT_REPLY = 3_000_002;
const EAGER = 3_000_003;

const key = { maskingKey: 0x37fa213d };
const masked = (...frames: RawFrame[]): Uint8Array => rawFrames(frames.map((frame) => ({ ...key, ...frame })));
const bytes = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => ((i % 251) * 7 + 3) & 255);
const binary = (payload: Uint8Array): RawFrame => ({ opcode: 2, payload });
const binaryLine = (payload: Uint8Array): string => eventLine({ type: 'message', opcode: 2, rsv: 0, payload });
const ping = (content: string): RawFrame => ({ opcode: 9, payload: Buffer.from(content) });
const pongLine = (content: string): string => eventLine({ type: 'pong', payload: Buffer.from(content) });
const lost = /^end 1006 "" lost$/;

const checks: Check[] = [];
function check(feature: Feature, name: string, run: Check['run']): void {
  checks.push({ feature, name, run });
}

// The opening handshake: the answers that differ are those that a runtime's own parser of HTTP may give.

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

// Streams whose outcome testkit's vectors know, as they are and cut into single bytes.

const eventOf = (event: VectorEvent): StreamEvent =>
  event.type === 'close'
    ? { type: 'close', code: event.code ?? undefined, reason: Buffer.from(unpackBytes(event.reason)).toString() }
    : { ...event, payload: unpackBytes(event.payload) };

/** What the application is told of a stream. */
function expectedTold(events: readonly StreamEvent[], violation: StreamVector['violation']): string[] {
  const told = events.flatMap((event) =>
    event.type === 'message'
      ? [`${event.opcode === 1 ? 'text' : 'binary'} ${event.payload.length}:${digest(event.payload)}`]
      : [],
  );
  const last = events.at(-1);
  if (last?.type === 'close') told.push(`end ${last.code ?? 1005} ${JSON.stringify(last.reason)}`);
  else told.push(`end 1006 "" ${violation === null ? 'lost' : `${violation.name} at ${violation.offset}`}`);
  return told;
}

/** What the peer reads of a server that was sent a stream. */
function expectedAnswer(events: readonly StreamEvent[], violation: StreamVector['violation']): string[] {
  const answer = events.flatMap((event) =>
    event.type === 'ping'
      ? [eventLine({ type: 'pong', payload: event.payload })]
      : event.type === 'close'
        ? [eventLine({ type: 'close', code: event.code, reason: '' })]
        : [],
  );
  if (violation !== null && violation.closeCode !== 1006) answer.push(`close ${violation.closeCode} ""`);
  return answer;
}

function streamCheck(feature: Feature, { name, rules, bytes, events, violation }: StreamVector): void {
  const stream = unpackBytes(bytes);
  const expected = events.map(eventOf);
  check(feature, name, async (server) => {
    for (const piece of stream.length > 300 ? [stream.length] : [stream.length, 1]) {
      const client = await server.open('tell', { maxPayload: rules.maxMessagePayload });
      for (let at = 0; at < stream.length; at += piece) client.write(stream.subarray(at, at + piece));
      if (rules.ended) client.socket.end();
      else await client.until(() => client.ended);
      client.socket.end();
      expect(await client.told()).toEqual(expectedTold(expected, violation));
      expect(await client.gone()).toBe('orderly');
      expect(client.transcript()).toEqual(expectedAnswer(expected, violation));
    }
  });
}

/** Those for a server. Extensions have checks of their own, and there is no limit for a frame beside that for a message. */
const forServers = (file: { vectors: unknown }): StreamVector[] =>
  (file.vectors as StreamVector[]).filter(
    ({ rules }) =>
      rules.role === 'server' && rules.allowedRsv === 0 && rules.maxFramePayload === rules.maxMessagePayload,
  );
for (const vector of forServers(rfc)) streamCheck('messages', vector);
for (const vector of forServers(lengths)) streamCheck('messages', vector);
for (const vector of forServers(fragmentation)) streamCheck('fragments', vector);
for (const vector of forServers(violations)) {
  const limit = vector.violation !== null && VIOLATIONS[vector.violation.name] === 1009;
  streamCheck(limit ? 'limits' : 'violations', vector);
}

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

// Closing.

for (const code of [undefined, 1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999]) {
  check(
    'closing',
    `the client closes, ${code ?? 'without a code'}: its code comes back, and the server ends first`,
    async (server) => {
      const client = await server.open('tell');
      const reason = code === undefined ? '' : 'grüße';
      client.send(close(code, reason));
      await client.end();
      expect(client.transcript()).toEqual([`close ${code ?? 'without code'} ""`]);
      expect([client.closed, ...(await client.told())]).toEqual(['orderly', `end ${code ?? 1005} "${reason}"`]);
    },
  );
}

check(
  'closing',
  'the server closes: what is on its way is delivered, pings are answered, then the client’s code is told',
  async (server) => {
    const client = await server.open('close');
    expect(await client.received(1)).toEqual(['close 4000 "grüße"']);
    client.send(text('a'), ping('p'), text('b'), close(4001, 'bye'));
    await client.end();
    expect(await client.told()).toEqual(['text 1:61', 'text 1:62', 'end 4001 "bye"']);
    // The naive codec stops at the Close; behind it stands the pong, and nothing else.
    expect(client.bytes.subarray(-3)).toEqual(Buffer.from(rawFrame(ping('p')).with(0, 0x8a)));
  },
);

check('closing', 'both close at once: neither answers the other', async (server) => {
  const client = server.connect();
  const head = upgradeRequest({}, `GET /close/${client.name} HTTP/1.1`);
  client.write(Buffer.concat([Buffer.from(head), masked(close(4002))]));
  await client.end();
  expect(client.transcript()).toHaveLength(1);
  expect(await client.told()).toEqual(['end 4002 ""']);
});

check('closing', 'frames behind the client’s Close are dropped, legal or not, also later', async (server) => {
  const client = await server.open('tell');
  client.send(close(1000), text('late'), { opcode: 3 });
  await client.until(() => client.ended);
  client.send(text('later'), { opcode: 11, rsv1: true });
  await client.end();
  expect(client.transcript()).toEqual(['close 1000 ""']);
  expect(await client.told()).toEqual(['end 1000 ""']);
});

check('closing', 'the stream ends without a Close: 1006, after what came before', async (server) => {
  const client = await server.open('tell');
  client.send(text('a')).socket.end();
  expect(await client.gone()).toBe('orderly');
  expect(client.transcript()).toEqual([]);
  expect(await client.told()).toEqual(['text 1:61', expect.stringMatching(lost)]);
});

check('closing', 'a reset: 1006', async (server) => {
  const client = await server.open('tell');
  client.socket.resetAndDestroy();
  expect(await client.told()).toEqual([expect.stringMatching(/^end 1006 "" (ECONNRESET|lost)$/)]);
});

check(
  'closing',
  'a client that keeps TCP half open is cut off after closeTimeout; the close is clean',
  async (server) => {
    const client = await server.open('tell', { maxPayload: SHORT_CLOSE });
    client.send(close(1000));
    await client.until(() => client.ended);
    expect(await client.told()).toEqual(['end 1000 ""']);
  },
);

check(
  'closing',
  'a client that does not answer the server’s Close is cut off after closeReplyTimeout: 1006',
  async (server) => {
    const client = await server.open('close', { maxPayload: SHORT_REPLY });
    expect(await client.told()).toEqual([expect.stringMatching(lost)]);
  },
);

check('closing', 'a Close reaches a client that is still sending: 20 of 20', async (server) => {
  for (let i = 0; i < 20; i++) {
    const client = await server.open('tell');
    client.send({ ...binary(bytes(1_000_000)), maskingKey: undefined });
    await client.end();
    expect([client.closed, ...client.transcript()]).toEqual(['orderly', 'close 1002 ""']);
  }
});

// Violations and limits that no vector has.

check(
  'violations',
  'messages before a violation in the same segment are delivered, and none behind it',
  async (server) => {
    const client = await server.open('tell');
    client.send(text('a'), text('b'), { opcode: 0 }, text('c'));
    await client.end();
    expect(client.transcript()).toEqual(['close 1002 ""']);
    expect(await client.told()).toEqual(['text 1:61', 'text 1:62', 'end 1006 "" orphan-continuation at 14']);
  },
);

check('limits', 'a message over the limit is refused on its header, before its payload has come', async (server) => {
  const client = await server.open('tell');
  client.send({ opcode: 2, declaredLength: 2 ** 40 });
  await client.end();
  expect(client.transcript()).toEqual(['close 1009 ""']);
  expect(await client.told()).toEqual(['end 1006 "" frame-too-big at 9']);
});

check('limits', 'fragments count together', async (server) => {
  const client = await server.open('tell', { maxPayload: 100 });
  const part = { fin: false, payload: bytes(50) };
  client.send({ opcode: 2, ...part }, ping('between'), { opcode: 0, ...part }, { opcode: 0, payload: bytes(1) });
  await client.end();
  expect(client.transcript()).toEqual([pongLine('between'), 'close 1009 ""']);
});

// Backpressure.

/** Asks another connection of the same server until an answer is so: each answer is a turn of its event loop. */
async function askUntil(asked: Connection, isSo: (answer: number) => boolean): Promise<void> {
  for (let count = 1; ; count++) {
    const [, payload] = (await asked.send(text(String(count))).received(count)).at(-1)!.split(':');
    if (isSo(Number(Buffer.from(payload!, 'hex').toString()))) return;
  }
}

/** So many times the same, and it stands still. */
const STILL = 25;

check(
  'backpressure',
  'while the application is busy, the server stops reading; then nothing is missing',
  async (server) => {
    const client = await server.open('wait');
    client.send(text('first'));
    await server.telling(client.name, 'waits');
    const message = masked(binary(bytes(65_536)));
    for (let i = 0; i < 1000; i++) client.write(message);
    let before = 0;
    let still = 0;
    await askUntil(await server.open('echo'), () => {
      const { writableLength } = client.socket;
      still = writableLength === before ? still + 1 : 0;
      before = writableLength;
      return still === STILL;
    });
    // TCP's own buffers take a few MiB.
    expect(before).toBeGreaterThan(20 * MIB);
    await server.open('go', { name: client.name });
    client.send(text('last'));
    expect(await client.received(1)).toEqual([textLine('1001')]);
  },
);

check('backpressure', 'while the client does not read, send waits; then all of it arrives', async (server) => {
  const client = await server.open('flood');
  const head = (await client.response()).head.length;
  client.socket.pause();
  let before = 0;
  let still = 0;
  await askUntil(await server.open('sent', { name: client.name }), (sent) => {
    still = sent === before && sent > 0 ? still + 1 : 0;
    before = sent;
    return still === STILL;
  });
  expect(before).toBeLessThan(400);
  client.socket.resume();
  const frame = (i: number): Uint8Array => rawFrame(binary(new Uint8Array(65_536).fill(i)));
  const expected = Buffer.concat([...Array.from({ length: 400 }, (_, i) => frame(i)), rawFrame(close(1000))]);
  await client.until(() => client.length >= head + expected.length);
  expect(Buffer.compare(client.bytes.subarray(head), expected)).toBe(0);
  client.send(close(1000));
  await client.end();
});

// Compression.

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

export { checks };

const limits = [...lengths.vectors, ...violations.vectors].map(({ rules }) => rules.maxMessagePayload);

/** The servers that the suite asks for; the first is the one for whoever says nothing. */
export const options: readonly Options[] = [
  { maxPayload: MIB },
  ...[...new Set([...limits, 100])].filter((limit) => limit !== MIB).map((maxPayload) => ({ maxPayload })),
  { maxPayload: SHORT_CLOSE, closeTimeout: 30 },
  { maxPayload: SHORT_REPLY, closeReplyTimeout: 30 },
  { maxPayload: EAGER, threshold: 2 },
];
