/**
 * Takes from Node what `shared-receive.ts` needs, so that the same tests run over the 'data' events of sockets. Over
 * TLS these are paused, where `tls-reading.ts` would stop them; and all are written to, where `direct-write.ts` would
 * go past their queues.
 */
import { createServer, type Server } from 'node:net';
import { vi } from 'vitest';

vi.mock('../src/transport/tls-reading.ts', () => ({ stopReading: () => false }));
vi.mock('../src/transport/direct-write.ts', () => ({ writeDirectly: () => undefined }));

/** A worker runs many files, and what is taken stays away: it looks for it once. */
const taken = globalThis as { useUserBufferIsTaken?: true };
if (!taken.useUserBufferIsTaken) {
  const server = createServer().listen(0) as Server & { readonly _handle?: object };
  let holder: object | null | undefined = server._handle;
  while (holder && !Object.hasOwn(holder, 'useUserBuffer')) holder = Object.getPrototypeOf(holder);
  server.close();
  if (!holder) throw new Error('this Node has no useUserBuffer: the suite has run over the "data" events anyway');
  Reflect.deleteProperty(holder, 'useUserBuffer');
  taken.useUserBufferIsTaken = true;
}
