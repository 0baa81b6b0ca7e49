import { upgradeRequest } from '@ws/testkit';
import { text } from '@ws/testkit/raw-client';
import { type Attack, answer, each, gone, MIB, masked, type Outcome, reaction, verdict } from './attack.suite.ts';
import type { Target } from './target.suite.ts';
import { DELAY_BOUND, inTime, slow } from './time.suite.ts';

/** Variants of a request, and the status of the answer that each should get. */
const requests =
  (
    good: string | RegExp,
    variants: Readonly<Record<string, readonly [Parameters<typeof upgradeRequest>[0], string?]>>,
  ) =>
  (target: Target): Promise<Outcome> =>
    each(
      Object.entries(variants).map(([name, [fields, startLine]]) => [
        name,
        good,
        () => answer(target, target.request('echo', fields, startLine)),
      ]),
      good === '101' ? /^101$/ : undefined,
    );

/** The rows H of the handshake: what lets a client in, or not. */
export const handshakeAttacks: readonly Attack[] = [
  {
    name: 'H1',
    attacker: 'is gone, 50 times, while the application still decides whether it may come in',
    good: 'throws nothing, and serves the others',
    async run(target) {
      const clients = Array.from({ length: 50 }, () => target.request('auth'));
      await target.waiting(clients.length);
      for (const { socket } of clients) socket.resetAndDestroy();
      await target.serves();
      await target.release();
      return verdict(true, '');
    },
  },
  {
    name: 'H2, CVE-2026-69243',
    attacker: 'sends a request with a body, which a proxy passes on unread, and frames in it',
    good: 'answers 400 and reads no frame',
    async run(target) {
      const body = masked(text('smuggled'));
      return each(
        [{ 'Content-Length': String(body.length) }, { 'Transfer-Encoding': 'chunked' }].map((fields) => [
          Object.keys(fields)[0]!,
          '400',
          async () => {
            const client = target.connect('echo');
            client.write(Buffer.concat([Buffer.from(upgradeRequest(fields)), body]));
            const status = await answer(target, client);
            return status === '101' ? `101, ${await reaction(target, client)}` : status;
          },
        ]),
      );
    },
  },
  {
    name: 'H2',
    attacker: 'asks for a WebSocket by POST, by HTTP/1.0, or along with h2c',
    good: 'refuses it',
    run: requests(/^(4\d\d|50[15]|cut off)$/, {
      POST: [{}, 'POST / HTTP/1.1'],
      'HTTP/1.0': [{}, 'GET / HTTP/1.0'],
      h2c: [{ Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAARAAAAAAAIAAAAA' }],
    }),
  },
  {
    name: 'H3',
    attacker: 'sends a key that is none, or two, or versions that only a lenient reader takes for 13',
    good: 'refuses it with 400 or 426',
    run: requests(/^4(00|26)$/, {
      'no key': [{ 'Sec-WebSocket-Key': undefined }],
      'a key of 15 bytes': [{ 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j' }],
      'two keys': [{ 'Sec-WebSocket-Key': ['dGhlIHNhbXBsZSBub25jZQ==', 'dGhlIHNhbXBsZSBub25jZQ=='] }],
      'version 0x0d': [{ 'Sec-WebSocket-Version': '0x0d' }],
      'version 1.3e1': [{ 'Sec-WebSocket-Version': '1.3e1' }],
      'two versions': [{ 'Sec-WebSocket-Version': ['13', '13'] }],
    }),
  },
  {
    name: 'H4',
    attacker: 'stands between, and puts an offer that is no good before those of an honest client, to lock it out',
    good: 'declines that one and lets the client in',
    run: requests('101', {
      'window bits 99': [
        { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=99, permessage-deflate' },
      ],
      'an unknown one': [{ 'Sec-WebSocket-Extensions': 'x-unknown; a="b", permessage-deflate' }],
      'an empty element': [{ 'Sec-WebSocket-Extensions': ', permessage-deflate' }],
    }),
  },
  {
    name: 'H5',
    attacker: 'names extensions, subprotocols and pings like the properties that every object has',
    good: 'knows none of these names',
    async run(target) {
      const names = 'constructor, __proto__, hasOwnProperty';
      const client = await target.open('echo', { 'Sec-WebSocket-Extensions': names });
      const agreed = (await client.response()).fields.get('sec-websocket-extensions');
      if (agreed !== undefined) return verdict(false, `agrees on ${agreed}`);
      const fact = await reaction(target, client.send({ opcode: 9, payload: Buffer.from('__proto__') }));
      return verdict(fact === 'pong of 9 B', fact);
    },
  },
  {
    name: 'H8',
    attacker: 'has a page of another site open a WebSocket, with the cookies of the user',
    good: 'refuses the origin with 403, as the first example of its documentation is written',
    async run(target) {
      const origins = ['https://evil.example', 'https://example.com.evil.example', 'http://example.com', 'null'];
      const answers = origins.map((Origin) => answer(target, target.request('origin', { Origin })));
      const refused = (await Promise.all(answers)).filter((status) => status === '403').length;
      return verdict(refused === origins.length, `lets ${origins.length - refused} of ${origins.length} in`);
    },
  },
  {
    name: 'H9',
    attacker: 'sends credentials over which the look-up of the application hangs',
    good: `gives up after a time, here a half second: within ${DELAY_BOUND / 1000} s`,
    async run(target) {
      const clients = Array.from({ length: 10 }, () => target.request('never'));
      const held = await inTime(clients.map((client) => client.until(() => gone(client)).catch(() => {})));
      return verdict(held, `waits ${slow}`);
    },
  },
  {
    name: 'H15',
    attacker: 'hides the end of a line, and a field, in what the application puts into a field of the answer',
    good: 'writes no such line',
    async run(target) {
      const client = target.request('reflect', {}, 'GET /?language=de%0D%0ASet-Cookie:%20a=b HTTP/1.1');
      await answer(target, client);
      const smuggled = /^set-cookie: a=b/im.test(client.bytes.toString('latin1'));
      return verdict(!smuggled, 'sets the cookie');
    },
  },
  {
    name: 'H16',
    attacker: 'is refused, behind a proxy that keeps the tunnel open, and sends a second request through it',
    good: 'ends the connection after the refusal',
    async run(target) {
      const second = 'GET /second HTTP/1.1\r\nHost: a\r\n\r\n';
      const client = target.connect('echo').write(`${upgradeRequest({ 'Sec-WebSocket-Version': '8' })}${second}`);
      await target.patience(client, () => gone(client));
      const answers = client.bytes.toString('latin1').match(/^HTTP\/1\.1 /gm)?.length ?? 0;
      const open = gone(client) ? 'then the end' : 'stays open';
      return verdict(answers <= 1 && open === 'then the end', `${answers} answers, ${open}`);
    },
  },
  {
    name: 'H16, busy',
    attacker: 'is refused, goes on with 20 messages of 1 MiB, and reads nothing before they are taken',
    good: 'reads them and ends the connection in order: no reset overtakes the answer',
    async run(target) {
      const client = target.connect('echo');
      client.socket.pause();
      client.write(upgradeRequest({ 'Sec-WebSocket-Key': undefined }));
      const message = masked({ opcode: 2, payload: Buffer.alloc(MIB) });
      const taken = async () => {
        for (let i = 0; i < 20 && !gone(client); i++) await new Promise((done) => client.socket.write(message, done));
      };
      await inTime([taken()]);
      client.socket.resume();
      const status = await answer(target, client);
      if (!/^[45]\d\d$/.test(status)) return verdict(false, status);
      await target.leave(client);
      return verdict(client.closed === 'orderly', `${status}, then a reset`);
    },
  },
  {
    name: 'H19',
    attacker: 'offers a subprotocol that the server does not know, to have it agree on what it cannot speak',
    good: 'agrees on none',
    async run(target) {
      const client = await target.open('echo', { 'Sec-WebSocket-Protocol': 'admin' });
      const agreed = (await client.response()).fields.get('sec-websocket-protocol');
      return verdict(agreed === undefined, `agrees on ${agreed}`);
    },
  },
];
