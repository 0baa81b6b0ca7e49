import { openStreams } from '@ws/connection';
import { createUpgrade, HeadParser, serializeHead, verifyUpgrade } from '@ws/handshake';

/**
 * A WebSocket to a server at the other end of two streams of bytes, whatever opened them.
 *
 * @param {{ readable: ReadableStream<Uint8Array>, writable: WritableStream<Uint8Array>, close?: () => unknown }}
 *   streams
 * @param {string} url
 * @param {Partial<import('@ws/connection').SocketOptions>} [options]
 */
export async function openClient(streams, url, options) {
  const pending = createUpgrade(url, { random: () => crypto.getRandomValues(new Uint8Array(16)) });
  const writer = streams.writable.getWriter();
  await writer.write(serializeHead(pending.request));
  writer.releaseLock();

  const parser = new HeadParser('response');
  const reader = streams.readable.getReader();
  let pushed;
  while (!pushed) {
    const { done, value } = await reader.read();
    if (done) throw new Error('the server has ended the connection before its answer was whole');
    pushed = parser.push(value);
  }
  reader.releaseLock();
  if ('error' in pushed) throw pushed.error;
  const answer = verifyUpgrade(pushed.head, pending);
  if (!answer.ok) throw answer.error;
  return openStreams(streams, { role: 'client', runtime: globalThis, early: pushed.rest, ...options });
}
