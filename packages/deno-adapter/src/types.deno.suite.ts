/** What Deno gives fits: judged by `deno check`. */
import assert from 'node:assert/strict';
import { AcceptPolicy, accept, type ServerWebSocket } from './index.ts';

type Accepted = Promise<ServerWebSocket<{ name: string }> | undefined>;

export const tcp = (conn: Deno.TcpConn, policy: AcceptPolicy<{ name: string }>): Accepted => accept(conn, policy);
export const tls = (conn: Deno.TlsConn, policy: AcceptPolicy<{ name: string }>): Accepted => accept(conn, policy);
export const any = (conn: Deno.Conn, policy: AcceptPolicy<{ name: string }>): Accepted => accept(conn, policy);

Deno.test('a policy is made of options, and knows the context of its sockets', () => {
  const policy = new AcceptPolicy({ authenticate: () => ({ ok: true, context: { name: 'ada' } }) as const });
  const typed: AcceptPolicy<{ name: string }> = policy;
  assert.ok(typed instanceof AcceptPolicy);
});
