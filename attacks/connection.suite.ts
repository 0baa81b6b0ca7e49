import type { RawFrame } from '@ws/testkit';
import { upgradeRequest } from '@ws/testkit';
import { close, type RawClient, text } from '@ws/testkit/raw-client';
import { type Attack, answer, DEFLATE, each, gone, masked, reaction, seen, verdict } from './attack.suite.ts';
import { DELAY_BOUND, inTime, slow } from './time.suite.ts';

/** Calls back with each ping as it comes. */
function onPing(client: RawClient, callback: (pong: RawFrame) => unknown): void {
  let answered = 0;
  client.socket.on('data', () => {
    const pings = client.decoded().events.flatMap((event) => (event.type === 'ping' ? [event] : []));
    for (; answered < pings.length; answered++) callback({ opcode: 10, payload: pings[answered]!.payload });
  });
}

/** The rows H of what follows the handshake: listeners, times, the end. */
export const connectionAttacks: readonly Attack[] = [
  {
    name: 'H6',
    attacker: 'sends the message for which the application has a bug',
    good: 'closes that connection with 1011, and serves the others',
    throws: true,
    async run(target) {
      const client = (await target.open('throw')).send(text('trap'));
      return each([['', 'closes 1011', () => reaction(target, client)]]);
    },
  },
  {
    name: 'H7',
    attacker: 'breaks a rule, where the application listens to nothing but messages',
    good: 'closes; the process hears of nothing',
    async run(target) {
      const fact = await reaction(target, (await target.open('bare')).send({ opcode: 3 }));
      return verdict(fact !== 'nothing', fact);
    },
  },
  {
    name: 'H11',
    attacker: 'completes the closing handshake, and then keeps TCP half open',
    good: `cuts it off within ${DELAY_BOUND / 1000} s`,
    async run(target) {
      const client = (await target.open('echo')).send(close(1000));
      // What is written to a socket that is gone comes back as a reset.
      const drip = setInterval(() => client.write('a'), 50);
      const held = await inTime([client.gone()]);
      clearInterval(drip);
      return verdict(held, `holds the socket for ${slow}`);
    },
  },
  {
    name: 'H12',
    attacker: 'does not answer the Close of a server that shuts down',
    good: `ends within ${DELAY_BOUND / 1000} s, of which it waits a half for the answer`,
    last: true,
    async run(target) {
      for (let i = 0; i < 5; i++) await target.open('echo');
      const held = await inTime([target.shutDown()]);
      return verdict(held, `does not end in ${slow}`);
    },
  },
  {
    name: 'H13',
    attacker: 'opens 20 connections and is gone without a word',
    good: `ends them, where it looks for life each half second, within ${DELAY_BOUND / 1000} s`,
    async run(target) {
      const clients = await Promise.all(Array.from({ length: 20 }, () => target.open('heartbeat')));
      const held = await inTime(clients.map((client) => client.until(() => gone(client)).catch(() => {})));
      return verdict(held, `keeps them for ${slow}`);
    },
  },
  {
    name: 'H13, busy',
    attacker: 'keeps the event loop busy while the answers of others to a ping are on their way',
    good: 'reads what has come before it takes anybody for dead',
    async run(target) {
      const attacker = await target.open('heartbeat');
      const others = await target.open('heartbeat');
      onPing(attacker, (pong) => attacker.send(pong));
      let blows = 0;
      onPing(others, (pong) => {
        if (blows++ < 2) attacker.send(text('busy'));
        // On its way for a tenth of a second, in which the server has become busy.
        setTimeout(() => others.send(pong), 100);
      });
      await attacker.until(() => gone(others) || seen(attacker).length >= 2).catch(() => {});
      const fact = await reaction(target, others.send(text('still here')));
      return verdict(fact === 'message of 10 B', fact);
    },
  },
  {
    name: 'H14, CVE-2026-45736',
    attacker: 'has a ping made of a number, and the reason of a Close of an array, to be sent what lies in memory',
    good: 'sends no byte that the application has not given',
    throws: true,
    run: (target) =>
      each([
        [
          'ping',
          /^[03] B$/,
          async () => {
            const client = (await target.open('types')).send(text('{ "size": 100 }'));
            await target.patience(client, () => gone(client) || client.decoded().events.length > 0);
            const ping = client.decoded().events.find((event) => event.type === 'ping');
            return ping === undefined ? '0 B' : `${ping.payload.length} B`;
          },
        ],
        [
          'Close',
          /^[a,\d]*$/,
          async () => {
            // Each of these is the two bytes `aa`.
            const client = (await target.open('types')).send(text(JSON.stringify({ reason: Array(50).fill(0x6161) })));
            await reaction(target, client);
            const [end] = client.decoded().events.flatMap((event) => (event.type === 'close' ? [event.reason] : []));
            return end ?? '';
          },
        ],
      ]),
  },
  {
    name: 'H17',
    attacker:
      'offers a window that zlib does not have, sends compressed data that is broken or no UTF-8, or was not agreed on',
    good: 'declines that offer, and closes with 1007, or with 1002 where nothing was agreed on; nothing is thrown',
    run: (target) => {
      const sending = (frame: RawFrame, fields?: typeof DEFLATE) => async () => {
        const client = await target.open('echo', fields);
        if (fields !== undefined && !(await client.response()).fields.has('sec-websocket-extensions')) return 'none';
        return reaction(target, client.send({ rsv1: true, ...frame }));
      };
      // A stored block of the one byte FF (RFC 1951 section 3.2.4).
      const notUtf8 = Buffer.from('000100feffff00', 'hex');
      const offering = (parameter: string) => async () =>
        answer(target, target.request('echo', { 'Sec-WebSocket-Extensions': `permessage-deflate; ${parameter}` }));
      return each([
        ...['server_max_window_bits=7', 'server_max_window_bits=99', 'client_max_window_bits=99'].map(
          (parameter) => [parameter, /^(101|400)$/, offering(parameter)] as const,
        ),
        ['broken', /^(closes 1007|none)$/, sending({ opcode: 2, payload: Buffer.from('ffffffff', 'hex') }, DEFLATE)],
        ['no UTF-8', /^(closes 1007|none)$/, sending({ opcode: 1, payload: notUtf8 }, DEFLATE)],
        ['not agreed on', 'closes 1002', sending({ opcode: 2, payload: Buffer.from('aa') })],
      ]);
    },
  },
  {
    name: 'H18',
    attacker: 'sends its first messages along with the request, while the application still prepares to listen',
    good: 'keeps them until it does',
    async run(target) {
      const client = target.connect('late');
      const messages = masked(...Array.from({ length: 10 }, (_, i) => text(`message ${i}`)));
      client.write(Buffer.concat([Buffer.from(upgradeRequest()), messages]));
      await target.waiting(1);
      await target.serves();
      await target.release();
      await target.patience(client, () => gone(client) || seen(client).length >= 10);
      return verdict(seen(client).length === 10, `${10 - seen(client).length} of 10 are lost`);
    },
  },
];
