import { expect, test } from 'vitest';
import { run } from './child.suite.ts';
import { close, open, type RawClient, request, text, textLine } from './raw-client.suite.ts';
import { nextConnection, serve } from './serve.suite.ts';
import { uncaught } from './uncaught.suite.ts';

const echo = async (client: RawClient, content: string) => {
  const heard = client.decoded().events.length;
  expect((await client.send(text(content)).received(heard + 1)).at(-1)).toBe(textLine(content));
};

/** Whether a client was let in; otherwise it was ended at once. */
async function isIn(client: RawClient): Promise<boolean> {
  const status = client.response().then(
    ({ status }) => status,
    () => 0,
  );
  const gone = client.until(() => client.ended).catch(() => {});
  return (await Promise.race([status, gone])) === 101;
}

test('EMFILE: with no file left, clients are ended at once, those that are there go on, and once some have left, others come in', async () => {
  const child = run(
    `
    import { WebSocketServer } from '@ws/node-server';
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => console.log(server.address().port));
    server.on('connection', (socket) => {
      socket.on('message', (data) => socket.send(String(data)));
      socket.on('close', () => server.clients.size === 2 && console.log('two are left'));
    });
    `,
    64,
  );
  const port = Number(await child.line());
  const healthy = [await open(port), await open(port)];
  for (let round = 1; round <= 3; round++) {
    const flood = Array.from({ length: 200 }, () => request(port));
    const inside = await Promise.all(flood.map(isIn));
    const clients = flood.filter((_, i) => inside[i]);
    expect(clients.length).toBeGreaterThan(0);
    expect(clients.length).toBeLessThan(64);
    for (const client of [...healthy, ...clients]) await echo(client, `round ${round}`);
    for (const client of flood) client.socket.destroy();
    expect(await child.line()).toBe('two are left');
    const next = await open(port);
    await echo(next, 'there is room again');
    next.send(close(1000));
    await next.end();
    expect(await child.line()).toBe('two are left');
  }
  for (const client of healthy) await echo(client, 'still here');
  expect(child.errors()).toBe('');
  expect(child.process.exitCode).toBe(null);
});

test("an accept that fails without a listener for 'error' leaves the process alive; with one, it is told", async () => {
  const { errors } = uncaught();
  const { server, port } = await serve({}, (socket) => socket.on('message', (data) => socket.send(String(data))));
  const connected = nextConnection(server);
  const requested = new Promise<NodeJS.EventEmitter>((resolve) => {
    server.on('connection', (_socket, { socket }) =>
      resolve((socket as unknown as { server: NodeJS.EventEmitter }).server),
    );
  });
  const client = await open(port);
  await connected;
  // As net.Server emits it, for which the system would have to be out of memory.
  const failed = Object.assign(new Error('accept ENOBUFS'), { code: 'ENOBUFS', syscall: 'accept' });
  const http = await requested;
  http.emit('error', failed);
  const told: Error[] = [];
  server.on('error', (error) => told.push(error));
  http.emit('error', failed);
  await echo(client, 'still here');
  await echo(await open(port), 'and there');
  expect([told, errors]).toEqual([[failed], []]);
});
