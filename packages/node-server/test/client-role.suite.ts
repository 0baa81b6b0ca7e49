import { once } from 'node:events';
import { connect } from 'node:net';
import { Driver, SendMemory } from '@ws/connection';
import { createUpgrade, parseResponseHead, serializeHead, verifyUpgrade } from '@ws/handshake';
import { offerPermessageDeflate, type PermessageDeflateOptions } from '@ws/permessage-deflate';
import { nodeZlib } from '@ws/permessage-deflate/node';
import { expect, onTestFinished } from 'vitest';
import { clock } from '../src/runtime/clock.ts';
import { platform } from '../src/runtime/platform.ts';
import { SocketTransport } from '../src/transport/socket-transport.ts';

type Received = { payload: Uint8Array; isBinary: boolean };

type End = { code: number; reason: string; cause: Error | undefined };

/**
 * A client out of the parts of the house: handshake, driver and a socket of node:net. Without options, it offers no
 * compression.
 */
export async function connectClient(url: string, deflate?: PermessageDeflateOptions) {
  const upgrade = createUpgrade(url, {
    random: () => crypto.getRandomValues(new Uint8Array(16)),
    extensions: deflate === undefined ? [] : [offerPermessageDeflate(nodeZlib(), deflate)],
  });
  const socket = connect({ host: upgrade.host, port: Number(upgrade.port), allowHalfOpen: true });
  socket.write(serializeHead(upgrade.request));
  let head = Buffer.alloc(0);
  while (!head.includes('\r\n\r\n')) head = Buffer.concat([head, (await once(socket, 'data'))[0]]);
  socket.pause();
  const end = head.indexOf('\r\n\r\n') + 4;
  const parsed = parseResponseHead(head.subarray(0, end));
  if (!('head' in parsed)) throw new Error('no whole head');
  const verified = verifyUpgrade(parsed.head, upgrade);
  if (!verified.ok) throw verified.error;
  const waiting: Received[] = [];
  let wake = () => {};
  let closed!: (end: End) => void;
  const over = new Promise<End>((resolve) => {
    closed = resolve;
  });
  const pongs: string[] = [];
  const transport = new SocketTransport(socket);
  const driver = new Driver({
    ...{ role: 'client', transport, clock, platform, sendMemory: new SendMemory() },
    limits: { maxMessagePayload: 64 * 1024 * 1024 },
    extensions: verified.negotiated.extensions.map(({ extension }) => extension),
    maskingKey: () => crypto.getRandomValues(new Int32Array(1))[0]!,
    handler: {
      message: (payload, isBinary) => {
        waiting.push({ payload, isBinary });
        wake();
      },
      ping: () => {},
      pong: (payload) => pongs.push(String(payload)),
      drain: () => {},
      close: (code, reason, cause) => closed({ code, reason, cause }),
      thrown: (error) => expect.unreachable(String(error)),
    },
  });
  transport.connect(driver);
  driver.received(head.subarray(end));
  onTestFinished(() => driver.terminate());
  const message = async () => {
    while (waiting.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return waiting.shift()!;
  };
  const [agreed] = verified.negotiated.extensions;
  return { driver, message, pongs, over, agreed: agreed?.parameters };
}
