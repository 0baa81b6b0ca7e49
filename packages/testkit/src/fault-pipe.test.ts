import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FaultConnection, type FaultPipe, openFaultPipe } from './fault-pipe.ts';

/** A target that keeps what it reads, chunk by chunk, and answers nothing by itself. */
const target = createServer({ allowHalfOpen: true });
const sockets: Socket[] = [];
let pipe: FaultPipe;
let setUp: ((connection: FaultConnection) => void) | undefined;

beforeEach(async () => {
  setUp = undefined;
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  const targetPort = (target.address() as AddressInfo).port;
  pipe = await openFaultPipe({ targetPort, onConnection: (connection) => setUp?.(connection) });
});

afterEach(async () => {
  await pipe.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise((resolve) => target.close(resolve));
});

async function open(): Promise<{ client: Socket; accepted: Socket; fault: FaultConnection }> {
  const client = connect({ host: '127.0.0.1', port: pipe.port, allowHalfOpen: true, noDelay: true });
  const [[accepted], fault] = await Promise.all([once(target, 'connection'), pipe.next()]);
  sockets.push(client, accepted);
  return { client, accepted, fault };
}

async function read(socket: Socket, count: number): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  let got = 0;
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk);
    got += chunk.length;
    if (got >= count) break;
  }
  return chunks;
}

test('bytes go through in both directions and are captured; so does the FIN', async () => {
  const { client, accepted, fault } = await open();
  client.write('to the target');
  expect(Buffer.concat(await read(accepted, 13)).toString()).toBe('to the target');
  accepted.write('to the client');
  expect(Buffer.concat(await read(client, 13)).toString()).toBe('to the client');

  client.resume().end();
  await Promise.all([once(accepted.resume(), 'end'), fault.toTarget.finished()]);
  accepted.end('bye');
  await once(client, 'end');
  expect(Buffer.from(fault.toTarget.captured()).toString()).toBe('to the target');
  expect(Buffer.from(fault.toClient.captured()).toString()).toBe('to the clientbye');
});

test('every write in pieces', async () => {
  setUp = ({ toTarget }) => {
    toTarget.pieceSize = 1;
  };
  const { client, accepted } = await open();
  const reading = read(accepted, 8);
  client.write('12345678');
  const chunks = await reading;
  expect(Buffer.concat(chunks).toString()).toBe('12345678');
  expect(chunks.length).toBeGreaterThan(1);
});

test('a delayed piece still arrives, in order', async () => {
  const { client, accepted, fault } = await open();
  fault.toTarget.delay = 5;
  client.write('one');
  await fault.toTarget.arrived(3);
  client.write('two');
  expect(Buffer.concat(await read(accepted, 6)).toString()).toBe('onetwo');
});

test('a stalled direction lets nothing through, fills the sender, and goes on where it stopped', async () => {
  const { client, accepted, fault } = await open();
  let got = 0;
  accepted.on('data', (chunk: Buffer) => (got += chunk.length));
  fault.toTarget.stall();
  const size = 32 * 1024 * 1024;
  expect(client.write(Buffer.alloc(size))).toBe(false);
  // The other direction is a round trip through the same sockets: whatever was on its way would have come by now.
  accepted.write('still alive');
  await read(client, 11);
  expect(got).toBe(0);

  fault.toTarget.resume();
  await fault.toTarget.arrived(size);
  while (got < size) await once(accepted, 'data');
  expect(got).toBe(size);
});

test('half-closing one side leaves the other direction open', async () => {
  const { client, accepted, fault } = await open();
  fault.toTarget.end();
  await once(accepted.resume(), 'end');
  accepted.write('still here');
  expect(Buffer.concat(await read(client, 10)).toString()).toBe('still here');
});

test('a reset is seen as ECONNRESET by the side that it is meant for', async () => {
  const { client, accepted, fault } = await open();
  const error = once(client, 'error');
  fault.resetClient();
  expect((await error)[0]).toMatchObject({ code: 'ECONNRESET' });

  const other = once(accepted, 'error');
  fault.resetTarget();
  expect((await other)[0]).toMatchObject({ code: 'ECONNRESET' });
});

test("a peer's own reset goes through as a reset", async () => {
  const { client, accepted } = await open();
  const error = once(accepted.resume(), 'error');
  client.resetAndDestroy();
  expect((await error)[0]).toMatchObject({ code: 'ECONNRESET' });
});

test('bytes of the test are put into a direction and not captured', async () => {
  const { client, fault } = await open();
  fault.toClient.inject(Uint8Array.of(0x81, 0x7f));
  expect([...Buffer.concat(await read(client, 2))]).toEqual([0x81, 0x7f]);
  expect(fault.toClient.captured()).toHaveLength(0);
});

test('one that forgets keeps neither bytes nor connections, and still destroys those that are open', async () => {
  const { port } = target.address() as AddressInfo;
  const faults: FaultConnection[] = [];
  const forgetful = await openFaultPipe({
    targetPort: port,
    forgets: true,
    onConnection: (fault) => faults.push(fault),
  });
  const client = connect({ host: '127.0.0.1', port: forgetful.port, noDelay: true });
  const [accepted]: Socket[] = await once(target, 'connection');
  sockets.push(client, accepted!);
  client.write('gone by');
  expect(Buffer.concat(await read(accepted!, 7)).toString()).toBe('gone by');
  expect(faults[0]!.toTarget.captured()).toHaveLength(0);
  expect(forgetful.connections).toHaveLength(0);
  const closed = once(client.resume(), 'close');
  await forgetful.close();
  await closed;
});
