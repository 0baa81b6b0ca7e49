import { Duplex, type DuplexOptions } from 'node:stream';
import { payloadOf } from './binary-type.ts';
import { clock } from './runtime/clock.ts';
import { textOf } from './text-of.ts';
import type { WebSocket } from './websocket.ts';

/**
 * Makes a stream of Node of a WebSocket, as `ws` does: each chunk that is written goes as a message, and each message
 * is a chunk to read. Bytes go as binary, and so does a string, unless `decodeStrings` is false; text that comes is a
 * string with `readableObjectMode`, and binary a Buffer, whatever `binaryType` is. The end of the stream is a Close. Its
 * own end comes with that of the connection, whatever that was: `socket.cause` tells. A violation by the peer, a text
 * that is longer than a string may be, and what was written and never sent, is an error of the stream, if there is a
 * listener for that.
 *
 * @param options those of a Duplex, but for its functions, `objectMode` for what is written, `allowHalfOpen`,
 *   `autoDestroy` and `emitClose`: a Close ends both directions, and the connection both
 */
export function createWebSocketStream(socket: WebSocket, options: DuplexOptions = {}): Duplex {
  const { objectMode, readableObjectMode = objectMode, ...others } = options;
  const stream = new Duplex({
    ...others,
    readableObjectMode,
    writableObjectMode: false,
    allowHalfOpen: false,
    autoDestroy: true,
    emitClose: true,
    read() {
      socket.resume();
    },
    write(chunk, _encoding, callback) {
      socket.send(chunk, (error) => {
        if (error !== undefined) hear();
        callback(error);
      });
    },
    final(callback) {
      whenClosed(callback);
      socket.close();
    },
    destroy(error, callback) {
      whenClosed(() => callback(error));
      socket.terminate();
    },
  });
  // What a peer does never throws in this process: `pipe` looks for another listener than its own before it throws.
  const hear = (): void => void stream.on('error', () => {});
  const fail = (error: Error): void => {
    hear();
    stream.destroy(error);
  };
  const whenClosed = (callback: () => void): void => {
    if (socket.readyState === socket.CLOSED) process.nextTick(callback);
    else socket.once('close', () => callback());
  };
  socket.on('message', (data, isBinary) => {
    let chunk: Buffer | string;
    try {
      chunk = !isBinary && stream.readableObjectMode ? textOf(data) : payloadOf(data);
    } catch (error) {
      fail(error as Error);
      return;
    }
    const goOn = stream.push(chunk);
    // What is left once the connection has ended, 64 KiB or so, is not kept from the end that follows.
    if (!goOn && socket.readyState !== socket.CLOSED) socket.pause();
  });
  socket.on('error', fail);
  const end = (): void => {
    // What was held for a listener, or waited for the reader, comes before the end.
    socket.resume();
    clock.defer(() => {
      if (stream.destroyed) return;
      // Another listener has paused the socket, which holds the rest.
      if (socket.isPaused) end();
      else stream.push(null);
    });
  };
  if (socket.readyState === socket.CLOSED) end();
  else socket.once('close', end);
  return stream;
}
