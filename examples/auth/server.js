/**
 * Who are you? Asked before the WebSocket opens: a token in the Authorization header, a subprotocol of which the server
 * speaks two versions, and a list of the web pages that may connect.
 *
 *   node auth/server.js
 *   npx wscat -c ws://127.0.0.1:8081 -s notes.v2 -H "Authorization: Bearer ada-7f9a4e"
 */
import { createHash } from 'node:crypto';
import { WebSocketServer } from '@ws/node-server';

/** @typedef {{ name: string }} User */

/**
 * A table of your database. It holds hashes: who reads it cannot log in with what is there, and looking a hash up takes
 * as long for a token that is nearly right as for any other.
 *
 * @type {ReadonlyMap<string, User>}
 */
const users = new Map([
  [sha256('ada-7f9a4e'), { name: 'Ada' }],
  [sha256('grace-15c0d8'), { name: 'Grace' }],
]);

const server = new WebSocketServer({
  port: Number(process.env['PORT'] ?? 8081),
  host: '127.0.0.1',
  // Ours first: of what the client offers, the first of this list is chosen.
  subprotocols: ['notes.v2', 'notes.v1'],
  // A browser sends its cookies along from any page. Only these pages may open a WebSocket; what is no browser may too.
  allowedOrigins: ['https://notes.example'],
  maxPayload: 64 * 1024,
  // Runs before the 101 response, and may take its time: nothing is lost and nothing is open meanwhile.
  verifyClient: async ({ req, signal }) => {
    const [, token] = /^Bearer ([\w.~+/-]+=*)$/i.exec(req.headers.authorization ?? '') ?? [];
    if (token === undefined) return refuse('Bearer realm="notes"');
    const user = await findUser(token, signal);
    if (user === undefined) return refuse('Bearer realm="notes", error="invalid_token"');
    return { ok: true, context: user };
  },
});

server.on('connection', (socket) => {
  const user = socket.context;
  socket.send(`Hello ${user.name}, we speak ${socket.protocol || 'no subprotocol'}.`);
  socket.on('message', (data, isBinary) => {
    if (isBinary) socket.close(1003, 'notes are text');
    else socket.send(`${user.name}: ${data}`);
  });
});

server.on('listening', () => {
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`Listening at ws://${address.address}:${address.port}`);
});
server.on('error', (error) => {
  console.error(`The server cannot listen: ${error.message}`);
  process.exit(1);
});

/**
 * Stands for a query. The signal is aborted when nobody waits for the answer any more.
 *
 * @param {string} token
 * @param {AbortSignal} signal
 * @returns {Promise<User | undefined>}
 */
async function findUser(token, signal) {
  signal.throwIfAborted();
  return users.get(sha256(token));
}

/**
 * RFC 6750, section 3: how to authenticate, and what was wrong with the token, if there was one.
 *
 * @param {string} challenge
 * @returns {import('@ws/node-server').Verdict<User>}
 */
function refuse(challenge) {
  return { ok: false, status: 401, headers: { 'WWW-Authenticate': challenge }, body: 'A bearer token is needed.\n' };
}

/** @param {string} text */
function sha256(text) {
  return createHash('sha256').update(text).digest('base64');
}
