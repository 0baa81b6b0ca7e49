import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectClient } from './client-role.suite.ts';
import { folder, freePort, start } from './program.suite.ts';

/** The WebSocket listener of nats-server, and a client of ours that has had its greeting. */
async function withNats() {
  const [path, port] = [folder(), await freePort()];
  const file = join(path, 'nats.conf');
  writeFileSync(
    file,
    `listen: "127.0.0.1:${await freePort()}"\nwebsocket { listen: "127.0.0.1:${port}", no_tls: true, compression: true }\n`,
  );
  await start('/usr/sbin/nats-server', ['-c', file], port);
  return async (deflate?: Parameters<typeof connectClient>[1]) => {
    const client = await connectClient(`ws://127.0.0.1:${port}/`, deflate);
    const { payload, isBinary } = await client.message();
    expect([String(Buffer.from(payload)).slice(0, 5), isBinary]).toEqual(['INFO ', true]);
    let received = '';
    /** What has come, once it has all of `end`. */
    const until = async (end: string) => {
      while (!received.includes(end)) received += String(Buffer.from((await client.message()).payload));
      return received;
    };
    return { ...client, until };
  };
}

test('F10: nats-server answers our Close with 1005 on the wire: 1006, and a cause that names it', async () => {
  const connect = await withNats();
  const { driver, until, over } = await connect();
  driver.send('CONNECT {"verbose":true}\r\n', {});
  expect(await until('\r\n')).toBe('+OK\r\n');
  driver.close();
  const { code, reason, cause } = await over;
  expect({ code, reason, cause }).toMatchObject({
    ...{ code: 1006, reason: '' },
    cause: { name: 'ProtocolError', violation: 'close-code-illegal', closeCode: 1002 },
  });
});

test.each([undefined, { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 }])(
  'nats-server: a message of one client of ours comes to another, compressed: %o',
  async (deflate) => {
    const connect = await withNats();
    const [reader, writer] = [await connect(deflate), await connect(deflate)];
    expect(reader.agreed !== undefined).toBe(deflate !== undefined);
    reader.driver.send('CONNECT {"verbose":false}\r\nSUB greetings 1\r\nPING\r\n', {});
    await reader.until('PONG\r\n');
    for (const size of [0, 125, 126, 65_536, 500_000]) {
      const text = 'x'.repeat(size);
      writer.driver.send(`CONNECT {"verbose":false}\r\nPUB greetings ${size}\r\n${text}\r\n`, {});
      const message = `MSG greetings 1 ${size}\r\n${text}\r\n`;
      expect((await reader.until(message)).endsWith(message)).toBe(true);
    }
  },
);
