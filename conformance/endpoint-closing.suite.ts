import { rawFrame, upgradeRequest } from '@ws/testkit';
import { close, text } from '@ws/testkit/raw-client';
import { expect } from 'vitest';
import { binary, bytes, check, lost, masked, ping, pongLine, SHORT_CLOSE, SHORT_REPLY } from './check.suite.ts';

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
