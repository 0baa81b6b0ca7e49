import { Duplex, type DuplexOptions } from 'node:stream';
import type { WebSocket } from './websocket.ts';

/**
 * A WebSocket as a stream of Node, as that of `ws`: each chunk that is written goes as a message, and each message is a chunk to read. Bytes
 * go as binary, and so does a string, unless `decodeStrings` is false; text that comes is a string with `readableObjectMode`.
 * The end of the stream is a Close, and the peer's Close its end; a connection that ends without one ends it with an error.
 *
 * @param options those of a Duplex, but for its functions and `allowHalfOpen`, since a Close ends both directions
 */
export function createWebSocketStream(socket: WebSocket, options: DuplexOptions = {}): Duplex {
  const stream = new Duplex({
    ...options,
    allowHalfOpen: false,
    read() {
      socket.resume();
    },
    write(chunk, _encoding, callback) {
      socket.send(chunk, callback);
    },
    final(callback) {
      whenClosed(() => callback());
      socket.close();
    },
    destroy(error, callback) {
      whenClosed(() => callback(error));
      socket.terminate();
    },
  });
  const whenClosed = (callback: () => void): void => {
    if (socket.readyState === socket.CLOSED) process.nextTick(callback);
    else socket.once('close', callback);
  };
  socket.on('message', (data, isBinary) => {
    if (!stream.push(!isBinary && stream.readableObjectMode ? data.toString() : data)) socket.pause();
  });
  socket.once('close', (code) => {
    if (stream.destroyed) return;
    if (code === 1006) stream.destroy(socket.cause ?? new Error('the connection has ended without a Close'));
    else stream.push(null);
  });
  return stream;
}
