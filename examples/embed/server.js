import { openStreams } from '@ws/connection';
import { acceptUpgrade, HeadParser, refuse, serializeHead } from '@ws/handshake';

/**
 * A WebSocket to a client at the other end of two streams of bytes, and what it asked for; undefined if it was refused.
 *
 * @param {{ readable: ReadableStream<Uint8Array>, writable: WritableStream<Uint8Array>, close?: () => unknown }}
 *   streams
 * @param {import('@ws/handshake').UpgradePolicy<import('@ws/connection').Extension>} policy
 * @param {Partial<import('@ws/connection').SocketOptions>} [options]
 */
export async function acceptClient(streams, policy, options) {
  const parser = new HeadParser('request');
  const reader = streams.readable.getReader();
  let pushed;
  while (!pushed) {
    const { done, value } = await reader.read();
    if (done) return undefined;
    pushed = parser.push(value);
  }
  const answer = 'error' in pushed ? refuse(pushed.error) : acceptUpgrade(pushed.head, policy);
  const writer = streams.writable.getWriter();
  await writer.write(serializeHead(answer.response));
  if (!answer.ok || 'error' in pushed) {
    if (!answer.ok) await writer.write(answer.response.body);
    await writer.close();
    // Read to the end: a connection that is closed with unread bytes is reset, and the answer may be lost.
    while (!(await reader.read()).done);
    return undefined;
  }
  writer.releaseLock();
  reader.releaseLock();
  const extensions = answer.negotiated.extensions.map(({ extension }) => extension);
  const socket = openStreams(streams, {
    ...{ role: 'server', runtime: globalThis, early: pushed.rest, extensions },
    ...options,
  });
  return { socket, request: pushed.head };
}
