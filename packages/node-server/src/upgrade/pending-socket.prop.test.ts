import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deferred } from '../../test/serve.suite.ts';
import { PendingSocket } from './pending-socket.ts';

test('H9: what comes while a hook decides is kept in whatever pieces it comes, and none of these is', async () => {
  const head = fc.uint8Array({ maxLength: 40 });
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }));
  await fc.assert(
    fc.asyncProperty(head, pieces, async (head, pieces) => {
      const socket = new PassThrough();
      const pending = new PendingSocket({} as IncomingMessage, socket, head, 1000);
      const decision = deferred<true>();
      const waiting = pending.waitFor(decision.promise, 60_000);
      // Whoever has kept a piece has nothing but zeros.
      socket.on('data', (piece: Uint8Array) => piece.fill(0));
      for (const piece of pieces) socket.write(new Uint8Array(piece));
      await new Promise(setImmediate);
      decision.resolve(true);
      await waiting;
      expect(Buffer.from(pending.release())).toEqual(Buffer.concat([head, ...pieces]));
    }),
  );
});
