/**
 * Listens in on a socket that was just upgraded: `observe` is told the very bytes that cross it, both ways and in
 * order, from the first one after the handshake on.
 *
 * The WebSocket of the server hands out messages, and by then masks and frames are gone; so the tap sits below it.
 * - What is read: a second 'data' listener gets the same chunks. It stands before the first one, because an answer may
 *   be written while that one runs. What came in one packet with the request is not read again: Node hands it over as
 *   `head`.
 * - What is written: a stream has no event for it, so `write` and `end` are replaced by functions that look and pass
 *   on.
 *
 * The bytes belong to the socket: an observer that keeps them copies them.
 *
 * @param {import('node:stream').Duplex} socket
 * @param {Buffer} head
 * @param {(direction: 'in' | 'out', bytes: Uint8Array) => void} observe
 */
export function tap(socket, head, observe) {
  if (head.length > 0) observe('in', head);
  socket.prependListener('data', (chunk) => observe('in', chunk));

  const { write, end } = socket;
  /** @param {unknown[]} args */
  const look = ([chunk, encoding]) => {
    if (chunk instanceof Uint8Array) observe('out', chunk);
    else if (typeof chunk === 'string') observe('out', Buffer.from(chunk, /** @type {BufferEncoding} */ (encoding)));
  };
  socket.write = (/** @type {any[]} */ ...args) => {
    look(args);
    return Reflect.apply(write, socket, args);
  };
  socket.end = (/** @type {any[]} */ ...args) => {
    look(args);
    return Reflect.apply(end, socket, args);
  };
}
