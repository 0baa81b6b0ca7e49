/** What compiles, and what must not: `npm run typecheck` judges. Nothing here is called that a test does not call. */
import { expect, expectTypeOf, test } from 'vitest';
import { WebSocketServer } from './server.ts';
import type { WebSocket } from './websocket.ts';

test('close: a callback or none, as ws takes it', async () => {
  const shut = (callback?: () => void) => new WebSocketServer({ noServer: true }).close(callback);
  expectTypeOf(shut).returns.toEqualTypeOf<Promise<void> | void>();
  expect(await shut()).toBeUndefined();
  await new Promise<void>((resolve) => shut(resolve));
});

export function listen(socket: WebSocket): void {
  for (const on of ['on', 'addListener', 'prependListener'] as const) {
    socket[on]('message', (data: Buffer, isBinary: boolean) => [data, isBinary]);
    socket[on]('close', () => {});
    // @ts-expect-error a typo
    socket[on]('mesage', () => {});
    // @ts-expect-error no event has this name
    socket[on](Symbol('message'), () => {});
    // @ts-expect-error data is no string
    socket[on]('message', (data: string) => data);
  }
}
