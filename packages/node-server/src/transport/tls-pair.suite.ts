import { once } from 'node:events';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { certificate } from '@ws/runtimes/certificate';
import { onTestFinished } from 'vitest';

/** A socket that a server has accepted, and its other end. */
export async function pair(): Promise<[accepted: TLSSocket, other: TLSSocket]> {
  const { cert, key } = certificate();
  const server = createServer({ cert, key }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepting = once(server, 'secureConnection');
  const other = connect({ port: (server.address() as { port: number }).port, host: 'localhost', ca: cert });
  const [accepted] = (await accepting) as [TLSSocket];
  server.close();
  onTestFinished(() => {
    other.destroy();
    accepted.destroy();
  });
  return [accepted, other];
}
