import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { acceptKey } from '@ws/handshake';
import { decodeNaively, type RawFrame, rawFrames } from '@ws/testkit';
import { close, text } from '@ws/testkit/raw-client';
import { each, KIB, MASKED, MIB, type Outcome, type Variant, verdict } from './attack.suite.ts';
import type { Program } from './program.suite.ts';

/** What a server can do to the client that has come to it. */
export interface ClientAttack {
  readonly name: string;
  readonly attacker: string;
  readonly good: string;
  readonly run: (client: Program) => Promise<Outcome>;
}

/** What the client is asked for, apart from the port. */
interface Order {
  readonly path?: string;
  readonly subprotocols?: readonly string[];
}

/** What it says afterwards: `read` is in bytes. */
interface Told {
  readonly refused?: string;
  readonly uncaught: readonly string[];
  readonly read: number;
}

/** After so long, whoever has not reacted is cut off. */
const PATIENCE_MILLISECONDS = 10_000;

/** Has the client come once: what it has made of the server, the head of its request, and how much it has read. */
async function visited(client: Program, serve: (socket: Socket, key: string) => void, order: Order = {}) {
  let sent = Buffer.alloc(0);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    let served = false;
    socket.setTimeout(PATIENCE_MILLISECONDS, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      sent = Buffer.concat([sent, chunk]);
      const at = sent.indexOf('\r\n\r\n');
      if (at === -1) return;
      if (!served) serve(socket, /^Sec-WebSocket-Key: (.*)\r$/m.exec(sent.toString('latin1'))?.[1] ?? '');
      served = true;
      // The server ends first (RFC 6455 section 7.1.1).
      if (decodeNaively(sent.subarray(at + 4), { role: 'server' }).events.some(({ type }) => type === 'close'))
        socket.end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const { refused, uncaught, read } = await client.ask<Told>(JSON.stringify({ port, ...order }));
  server.close();
  const head = sent.subarray(0, sent.indexOf('\r\n\r\n') + 4);
  const { events } = decodeNaively(sent.subarray(head.length), { role: 'server' });
  const [code] = events.flatMap((event) => (event.type === 'close' ? [event.code] : []));
  const made = refused !== undefined ? 'refuses' : code === undefined ? 'nothing' : `closes ${code}`;
  return {
    made: uncaught.length > 0 ? `would end the process: ${uncaught[0]}` : made,
    head: head.toString('latin1'),
    read,
  };
}

/** The answer 101, with more fields or with a key that is another's. */
const accepted = (key: string, fields = '', accept = acceptKey(key)): string =>
  `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${fields}\r\n`;

const answering = (client: Program, fields: string, accept?: string) => async (): Promise<string> =>
  (await visited(client, (socket, key) => socket.write(accepted(key, fields, accept)))).made;

/** The same for frames on an open connection. */
const sending = (client: Program, name: string, good: string, ...frames: RawFrame[]): Variant => [
  name,
  good,
  async () => {
    const serve = (socket: Socket, key: string) =>
      socket.write(Buffer.concat([Buffer.from(accepted(key)), rawFrames(frames)]));
    return (await visited(client, serve)).made;
  },
];

/** Only what is expected will do. */
const STRICT = /^$/;

/** What concerns the client: ours is attacked by a server. */
export const clientAttacks: readonly ClientAttack[] = [
  {
    name: 'F1, F2, F3, F5, F7, F9, F10, F11, F12',
    attacker: 'sends the frames that a server must not send, masked ones among them',
    good: 'closes with 1002, or with 1007 where the text is no UTF-8',
    run: (client) => {
      const wrong = (name: string, ...frames: RawFrame[]) => sending(client, name, 'closes 1002', ...frames);
      const notUtf8 = (name: string, ...frames: RawFrame[]) => sending(client, name, 'closes 1007', ...frames);
      return each(
        [
          wrong('F1', { opcode: 2, payload: new Uint8Array(5), lengthForm: 16 }),
          wrong('F2', { opcode: 2, declaredLength: 2n ** 63n, lengthForm: 64 }),
          wrong('F3', { ...text('hello'), ...MASKED }),
          wrong('F5', { opcode: 9, rsv1: true }),
          wrong('F7', { ...text('first'), fin: false }, text('second')),
          wrong('F9', { opcode: 8, payload: Uint8Array.of(3) }),
          wrong('F10', close(1005)),
          notUtf8('F11', { opcode: 1, fin: false, payload: Uint8Array.of(97, 0xff) }),
          notUtf8('F12', { opcode: 1, payload: Uint8Array.of(0xe2, 0x82) }),
        ],
        STRICT,
      );
    },
  },
  {
    name: 'H3, H19',
    attacker: 'answers with the key of another, or with a subprotocol or an extension that nobody has offered',
    good: 'refuses the answer',
    run: (client) =>
      each(
        [
          ['key', 'refuses', answering(client, '', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')],
          ['subprotocol', 'refuses', answering(client, 'Sec-WebSocket-Protocol: admin\r\n')],
          ['extension', 'refuses', answering(client, 'Sec-WebSocket-Extensions: constructor\r\n')],
        ],
        STRICT,
      ),
  },
  {
    name: 'H15, CVE-2026-1527',
    attacker: 'has the application connect with a path or a subprotocol that hides the end of a line, and a field',
    good: 'writes no such line',
    run: (client) =>
      each(
        [{ path: '/\r\nX-Smuggled: yes' }, { subprotocols: ['chat\r\nX-Smuggled: yes'] }].map((order) => [
          Object.keys(order)[0]!,
          'no such line',
          async () => {
            const { head } = await visited(client, (socket) => socket.destroy(), order);
            return /^x-smuggled/im.test(head) ? 'writes it' : 'no such line';
          },
        ]),
        STRICT,
      ),
  },
  {
    name: 'H17, CVE-2026-2229',
    attacker: 'answers the offer of compression with a window that zlib does not have',
    good: 'refuses the answer; nothing is thrown',
    run: (client) =>
      each(
        ['server_max_window_bits=99', 'server_max_window_bits=7', 'client_max_window_bits=16'].map((parameter) => [
          parameter,
          'refuses',
          answering(client, `Sec-WebSocket-Extensions: permessage-deflate; ${parameter}\r\n`),
        ]),
        STRICT,
      ),
  },
  {
    name: 'M7, CVE-2023-43669',
    attacker: 'answers with a header that has no end',
    good: 'gives up before it has read 1 MiB of it',
    async run(client) {
      const { made, read } = await visited(client, (socket) => {
        let written = 0;
        const more = () => {
          if (!socket.writable || written >= 4 * MIB) return;
          written += 16 * KIB;
          socket.write(Buffer.alloc(16 * KIB, 'a'), more);
        };
        socket.write('HTTP/1.1 101 Switching Protocols\r\nX-Long: ', more);
      });
      return verdict(made === 'refuses' && read <= MIB, `${made} after ${read / KIB} KiB`);
    },
  },
];
