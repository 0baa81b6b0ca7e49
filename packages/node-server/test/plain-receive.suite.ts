/**
 * Takes from Node what `shared-receive.ts` needs, so that the same tests run over the 'data' events of sockets. Those
 * that wait for their answer over TLS are paused, where `tls-reading.ts` would stop them; and all are written to, where
 * `direct-write.ts` would go past their queues.
 */
import { createServer, type Server, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { vi } from 'vitest';

vi.mock('../src/transport/tls-reading.ts', () => ({ stopReading: () => false }));
vi.mock('../src/transport/direct-write.ts', () => ({ writeDirectly: () => undefined }));

/** A worker runs many files, and what is taken stays away: it looks for it once. */
const taken = globalThis as { useUserBufferIsTaken?: true };
if (!taken.useUserBufferIsTaken) {
  const server = createServer().listen(0) as Server & Inside;
  const tls = new TLSSocket(new Socket()) as TLSSocket & Inside;
  takeFrom(server._handle);
  takeFrom(tls._handle);
  server.close();
  tls.destroy();
  taken.useUserBufferIsTaken = true;
}

interface Inside {
  readonly _handle?: object;
}

/** TCP and TLS have it each from a prototype of their own. */
function takeFrom(handle: object | undefined): void {
  let holder: object | null | undefined = handle;
  while (holder && !Object.hasOwn(holder, 'useUserBuffer')) holder = Object.getPrototypeOf(holder);
  if (!holder) throw new Error('this Node has no useUserBuffer: the suite has run over the "data" events anyway');
  Reflect.deleteProperty(holder, 'useUserBuffer');
}
