import { constants, deflateRawSync } from 'node:zlib';
import { rawFrame, upgradeRequest } from '@ws/testkit';
import { text } from '@ws/testkit/raw-client';
import {
  type Attack,
  answer,
  DEFLATE,
  each,
  gone,
  KIB,
  MASKED,
  MIB,
  measured,
  reaction,
  seen,
  verdict,
} from './attack.suite.ts';
import type { Target } from './target.suite.ts';

/** Compressed bytes of zeros (RFC 7692 section 7.2.1). */
const zeros = (size: number) =>
  deflateRawSync(Buffer.alloc(size), { level: 9, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);

/** The same bytes over and over, in one write. */
const many = (bytes: Uint8Array, times: number) => Buffer.alloc(bytes.length * times, bytes);

/** How much more of something the process has than before. */
const growth = async (target: Target, of: 'rss' | 'peak' | 'used', run: () => Promise<unknown>) => {
  const before = (await target.report())[of === 'peak' ? 'rss' : of];
  await run();
  return (await target.report())[of] - before;
};

/** What so many requests with this field cost the server, in CPU time and not by the clock. */
async function cpuOf(target: Target, requests: number, fields: Readonly<Record<string, string>>) {
  // The first is for the engine, which compiles what it is about to use.
  await answer(target, target.request('echo', fields));
  const before = (await target.report()).cpu;
  for (let i = 0; i < requests; i++) await answer(target, target.request('echo', fields));
  return measured((await target.report()).cpu - before, CPU_BOUND, 'ms of CPU', 1000);
}

const REQUESTS = 20;
/** In microseconds, for all requests: several times what those cost that are as long and have no trap in them. */
const CPU_BOUND = 1_000_000;

/** The rows M: what costs the server more than the attacker. */
export const memoryAttacks: readonly Attack[] = [
  {
    name: 'M1',
    attacker: 'sends a message in 200,000 fragments of one byte, and does not end it yet',
    good: 'has less than 1 MiB of it in memory, and gets it whole',
    alone: true,
    async run(target) {
      const fragments = many(rawFrame({ opcode: 0, fin: false, ...MASKED, payload: Buffer.from('a') }), 200_000);
      const client = await target.open('echo');
      let whole = false;
      let grown = 0;
      // The first round is for the engine: code, caches.
      for (let round = 0; round < 2; round++) {
        grown = await growth(target, 'used', async () => {
          client.send({ opcode: 2, fin: false }).write(fragments).send({ opcode: 9 });
          // The pong says that all of it was read.
          const { length } = client;
          await target.patience(client, () => gone(client) || client.length > length);
        });
        client.send({ opcode: 0 });
        const expected = `message of ${fragments.length / 7} B`;
        await target.patience(
          client,
          () => gone(client) || seen(client).filter((it) => it === expected).length > round,
        );
        whole = seen(client).at(-1) === expected;
      }
      const cost = measured(grown, MIB, 'KiB', KIB);
      return whole ? cost : { held: cost.held, fact: `${cost.fact}, but ${seen(client).at(-1) ?? 'cut off'}` };
    },
  },
  {
    name: 'M2',
    attacker: 'sends 100 MiB of zeros, compressed to 102 KB',
    good: 'stops while it decompresses, and closes with 1009: its process grows by less than 48 MiB',
    alone: true,
    async run(target) {
      const client = await target.open('keep', DEFLATE);
      if (!(await client.response()).fields.has('sec-websocket-extensions')) return verdict(true, '');
      let fact = '';
      const grown = await growth(target, 'peak', async () => {
        client.send({ opcode: 2, rsv1: true, payload: zeros(100 * MIB) }, { opcode: 9 });
        fact = await reaction(target, client);
      });
      const cost = measured(grown, 48 * MIB, 'MiB', MIB);
      if (fact === 'closes 1009') return cost;
      return { held: false, fact: `${fact === 'pong of 0 B' ? 'delivers 100 MiB' : fact}, ${cost.fact}` };
    },
  },
  {
    name: 'M2, CVE-2026-54490',
    attacker:
      'compresses a message, so that it is over the limit of 1 MiB only when it is decompressed, in one or more frames',
    good: 'closes with 1009',
    run: (target) =>
      each(
        [1, 8].map((count) => [
          `in ${count}`,
          /^(closes 1009|no compression)$/,
          async () => {
            const client = await target.open('small', DEFLATE);
            if (!(await client.response()).fields.has('sec-websocket-extensions')) return 'no compression';
            // Half of it has no pattern, so that no ratio gives it away.
            const half = Uint8Array.from({ length: MIB }, (_, i) => Math.imul(i, 2_654_435_761) >>> 24);
            const whole = deflateRawSync(Buffer.concat([half, half]), { finishFlush: constants.Z_SYNC_FLUSH });
            const size = Math.ceil(whole.length / count);
            for (let i = 0; i < count; i++) {
              const payload = whole.subarray(i * size, (i + 1) * size);
              client.send({ opcode: i === 0 ? 2 : 0, rsv1: i === 0, fin: i === count - 1, payload });
            }
            return reaction(target, client);
          },
        ]),
      ),
  },
  {
    name: 'M3',
    attacker: 'asks for 200 MiB and reads nothing of them',
    good: 'keeps a bounded part: its process grows by less than 112 MiB',
    alone: true,
    async run(target) {
      const client = await target.open('flood');
      client.socket.pause();
      const grown = await growth(target, 'rss', async () => {
        client.send(text('all'));
        // Not by a report alone: what is queued needs some turns of the loop to be so.
        await target.serves(20);
      });
      return measured(grown, 112 * MIB, 'MiB', MIB);
    },
  },
  {
    name: 'M4',
    attacker: 'sends 500,000 pings and reads none of the answers',
    good: 'reads no further than it can answer: its process grows by less than 32 MiB',
    alone: true,
    async run(target) {
      const client = await target.open('echo');
      client.socket.pause();
      const grown = await growth(target, 'rss', async () => {
        client.write(many(rawFrame({ opcode: 9, ...MASKED, payload: Buffer.alloc(125, 'p') }), 500_000));
        await target.patience(client, () => gone(client));
      });
      return measured(grown, 32 * MIB, 'MiB', MIB);
    },
  },
  {
    name: 'M5',
    attacker: 'opens 300 connections, sends a compressed message of 2 KiB on each, and is silent',
    good: 'keeps nothing for compression at rest: each connection adds less than 128 KiB to its process',
    alone: true,
    async run(target) {
      const payload = deflateRawSync(Buffer.alloc(2 * KIB, 'a few words. '), { finishFlush: constants.Z_SYNC_FLUSH });
      const say = async () => {
        const client = await target.open('echo', DEFLATE);
        const rsv1 = (await client.response()).fields.has('sec-websocket-extensions');
        client.send(rsv1 ? { opcode: 1, rsv1, payload: payload.subarray(0, -4) } : text('a few words. '.repeat(160)));
        await client.until(() => seen(client).length > 0);
      };
      for (let i = 0; i < 20; i++) await say();
      const grown = await growth(target, 'rss', async () => {
        for (let i = 0; i < 300; i++) await say();
      });
      return measured(grown / 300, 128 * KIB, 'KiB', KIB);
    },
  },
  {
    name: 'M6',
    attacker: 'sends 500 small messages that the application keeps, each beside one of 60 KiB that it does not',
    good: 'a kept message holds on to 8 KiB at most: less than 4 MiB for all',
    alone: true,
    async run(target) {
      const client = await target.open('keep');
      const filler = { opcode: 2, payload: new Uint8Array(60 * KIB) };
      const pair = async (count: number) => {
        client.send({ opcode: 2, payload: Buffer.from('kept') }, filler, { opcode: 9 });
        await client.until(() => client.decoded().events.length >= count);
      };
      await pair(1);
      const grown = await growth(target, 'used', async () => {
        for (let i = 2; i <= 501; i++) await pair(i);
      });
      return measured(grown, 4 * MIB, 'MiB', MIB);
    },
  },
  {
    name: 'M7, CVE-2024-37890',
    attacker: 'sends more header fields than the server looks at, so that some are not there',
    good: 'refuses the request, or does not need those fields; nothing is thrown',
    async run(target) {
      const early = upgradeRequest({ Upgrade: undefined }).slice(0, -2);
      const client = target.connect('echo').write(`${early}${'a:\r\n'.repeat(2100)}Upgrade: websocket\r\n\r\n`);
      const fact = await answer(target, client);
      return verdict(fact !== 'nothing', fact);
    },
  },
  {
    name: 'M7, CVE-2023-43669',
    attacker: 'sends a header that has no end, in segments',
    good: 'ends it within 1 MiB',
    async run(target) {
      const client = target.connect('echo').write('GET / HTTP/1.1\r\nHost: a\r\nX-Long: ');
      let sent = 0;
      while (!gone(client) && sent < 4 * MIB) {
        client.write(Buffer.alloc(16 * KIB, 'a'));
        sent += 16 * KIB;
        await target.serves();
      }
      return measured(sent, MIB, 'KiB', KIB);
    },
  },
  {
    name: 'M7, CVE-2021-32640',
    attacker: 'sends 20 lists of subprotocols that are 14 KiB of spaces',
    good: 'reads them in one go, with less than 1 s of CPU time for all',
    run: (target) => cpuOf(target, REQUESTS, { 'Sec-WebSocket-Protocol': `a${' '.repeat(14 * KIB)}b` }),
  },
  {
    name: 'M7, CVE-2020-7662, CVE-2020-7663',
    attacker: 'sends 20 offers of an extension with a quoted string of 14 KiB that does not end',
    good: 'reads them in one go, with less than 1 s of CPU time for all',
    run: (target) => cpuOf(target, REQUESTS, { 'Sec-WebSocket-Extensions': `a; b="${'\\c'.repeat(7 * KIB)}` }),
  },
];
