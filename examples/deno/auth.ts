/**
 * Who are you? Asked before the WebSocket opens, by a bearer token in the Authorization header.
 *
 *   deno run --allow-net --allow-env=PORT deno/auth.ts
 *   npx wscat -c ws://127.0.0.1:8083 -H "Authorization: Bearer ada-7f9a4e"
 */
import { serve, type Verdict } from '@ws/deno-adapter';

interface User {
  readonly name: string;
}

/**
 * A table of your database. It holds hashes: who reads it cannot log in with what is there, and looking a hash up takes
 * as long for a token that is nearly right as for any other.
 */
const users = new Map<string, User>([
  [await sha256('ada-7f9a4e'), { name: 'Ada' }],
  [await sha256('grace-15c0d8'), { name: 'Grace' }],
]);

serve<User>(
  {
    port: Number(Deno.env.get('PORT') ?? 8083),
    hostname: '127.0.0.1',
    // A browser sends its cookies along from any page. Only these pages may open a WebSocket; what is no browser may
    // too.
    allowedOrigins: ['https://notes.example'],
    maxPayload: 64 * 1024,
    // Runs before the 101 response, and may take its time: nothing is lost and nothing is open meanwhile.
    authenticate: async ({ request, signal }): Promise<Verdict<User>> => {
      const [, token] = /^Bearer ([\w.~+/-]+=*)$/i.exec(request.headers.get('authorization') ?? '') ?? [];
      if (token === undefined) return refuse('Bearer realm="notes"');
      const user = users.get(await sha256(token));
      signal.throwIfAborted();
      return user === undefined ? refuse('Bearer realm="notes", error="invalid_token"') : { ok: true, context: user };
    },
    onListen: (address) => console.log(`Listening at ws://${address.hostname}:${address.port}`),
  },
  async (socket) => {
    await socket.send(`Hello ${socket.context.name}.`);
    for await (const { data } of socket) await socket.send(`${socket.context.name}: ${data}`);
  },
);

/** RFC 6750, section 3: how to authenticate, and what was wrong with the token, if there was one. */
function refuse(challenge: string): Verdict<User> {
  return { ok: false, status: 401, headers: { 'WWW-Authenticate': challenge }, body: 'A bearer token is needed.\n' };
}

async function sha256(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return new Uint8Array(hash).toHex();
}
