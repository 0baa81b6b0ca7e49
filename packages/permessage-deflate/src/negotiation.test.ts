import {
  acceptUpgrade,
  createUpgrade,
  parseExtensions,
  serializeExtensions,
  UpgradePolicy,
  verifyUpgrade,
} from '@ws/handshake';
import { describe, expect, test } from 'vitest';
import { offerPermessageDeflate } from './client.ts';
import type { PermessageDeflateOptions, ServerOptions } from './options.ts';
import { type Agreed, type Parameters, readParameters, writeParameters } from './parameters.ts';
import type { PermessageDeflate } from './permessage-deflate.ts';
import { pureZlib } from './pure.ts';
import { permessageDeflate } from './server.ts';
import type { DeflateSettings, Zlib } from './zlib.ts';

const zlib = pureZlib();
/** One with windows from so many bits on: fflate has one size alone, of 15. */
const from = (minWindowBits: number): Zlib => ({ ...zlib, minWindowBits });

/** A context, as a zlib is asked for it. */
type Context = Pick<DeflateSettings, 'takeover' | 'windowBits'>;

/** A zlib that only notes which contexts it is asked for. */
function noting(minWindowBits = 8) {
  let made: Context[] = [];
  const note = ({ takeover, windowBits }: Context): void => void made.push({ takeover, windowBits });
  const zlib: Zlib = {
    minWindowBits,
    deflater(settings) {
      note(settings);
      return { deflate: (payload) => payload, close() {} };
    },
    inflater(settings) {
      note(settings);
      return { inflate: (payload) => payload, close() {} };
    },
  };
  const contextsOf = (extension: PermessageDeflate | undefined) => {
    made = [];
    extension!.encode(new Uint8Array(2000), { isBinary: true, compress: true });
    extension!.decode(Uint8Array.of(1), 1);
    const [outgoing, incoming] = made;
    return { outgoing, incoming };
  };
  return { zlib, contextsOf };
}

const WINDOWS = [8, 9, 10, 11, 12, 13, 14, 15];
const flags = [false, true];

/** All that may legally be offered or answered. */
function* everything(clientWindows: readonly (number | true | undefined)[]): Generator<Parameters> {
  for (const serverNoContextTakeover of flags)
    for (const clientNoContextTakeover of flags)
      for (const serverMaxWindowBits of [undefined, ...WINDOWS])
        for (const clientMaxWindowBits of clientWindows)
          yield { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits };
}
const offers = [...everything([undefined, true, ...WINDOWS])];
const answers = [...everything([undefined, ...WINDOWS])];

/** The parameters in a header, which have to be legal. */
const parse = (header: string): Parameters => {
  const parsed = parseExtensions(header);
  if (!('extensions' in parsed)) throw parsed.error;
  expect(parsed.extensions[0]!.name).toBe('permessage-deflate');
  const read = readParameters(parsed.extensions[0]!.parameters);
  if (typeof read === 'string') throw new Error(read);
  return read;
};

/** What a server answers to the value of Sec-WebSocket-Extensions; undefined: it declines. */
function answerTo(offered: string, options: ServerOptions = {}, over: Zlib = zlib): string | undefined {
  const policy = new UpgradePolicy({ extensions: [permessageDeflate(over, options)] });
  return accept(policy, offered)?.header;
}

function accept(policy: UpgradePolicy<{ close(): void }>, offered: string) {
  const { request } = createUpgrade('ws://localhost/', { random: () => new Uint8Array(16) });
  const headers = [...request.headers, ['Sec-WebSocket-Extensions', offered] as const];
  const accepted = acceptUpgrade({ ...request, headers }, policy);
  if (!accepted.ok) throw accepted.error;
  const [negotiated] = accepted.negotiated.extensions;
  return negotiated && { header: serializeExtensions([negotiated]), extension: negotiated.extension };
}

describe('a server', () => {
  test('answers every legal offer by the RFC, whatever it is set to', () => {
    let accepted = 0;
    const { zlib, contextsOf } = noting();
    for (const serverMaxWindowBits of [8, 11, 15]) {
      for (const clientMaxWindowBits of [8, 11, 15]) {
        for (const [serverNoContextTakeover, clientNoContextTakeover] of flags.flatMap((a) =>
          flags.map((b) => [a, b] as const),
        )) {
          const options = {
            serverMaxWindowBits,
            clientMaxWindowBits,
            serverNoContextTakeover,
            clientNoContextTakeover,
          };
          const negotiator = permessageDeflate(zlib, options);
          for (const offer of offers) {
            const { parameters, extension } = negotiator.accept(writeParameters(offer))!;
            const answer = readParameters(parameters) as Parameters;
            accepted++;
            // 7.1.1.1: what the client asks for is in the answer.
            expect(answer.serverNoContextTakeover).toBe(offer.serverNoContextTakeover || serverNoContextTakeover);
            // 7.1.1.2: so is what the client said it would do. From one whose window cannot be limited nothing is kept.
            const cannotBeLimited = offer.clientMaxWindowBits === undefined && clientMaxWindowBits < 15;
            const alone = offer.clientNoContextTakeover || clientNoContextTakeover || cannotBeLimited;
            expect(answer.clientNoContextTakeover).toBe(alone);
            // 7.1.2.1: no more than was asked for; said if it was asked for.
            const server = answer.serverMaxWindowBits ?? 15;
            expect(server).toBe(Math.min(offer.serverMaxWindowBits ?? 15, serverMaxWindowBits));
            if (offer.serverMaxWindowBits !== undefined) expect(answer.serverMaxWindowBits).toBeDefined();
            // 7.1.2.2: only what was offered, and no more.
            const { clientMaxWindowBits: client } = answer;
            if (offer.clientMaxWindowBits === undefined) {
              expect(client).toBeUndefined();
            } else {
              const most = offer.clientMaxWindowBits === true ? 15 : offer.clientMaxWindowBits;
              expect(client ?? 15).toBe(Math.min(most, clientMaxWindowBits));
            }
            // And it does what it has answered.
            expect(contextsOf(extension)).toEqual({
              outgoing: { takeover: !answer.serverNoContextTakeover, windowBits: server },
              incoming: { takeover: !answer.clientNoContextTakeover, windowBits: client ?? 15 },
            });
          }
        }
      }
    }
    expect(accepted).toBe(offers.length * 36);
  });

  test('by default compresses without takeover, in windows of 32 KiB', () => {
    const alone = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
    expect(answerTo('permessage-deflate; client_max_window_bits')).toBe(alone);
    expect(answerTo('permessage-deflate')).toBe(alone);
    expect(answerTo('permessage-deflate; server_max_window_bits=10')).toBe(`${alone}; server_max_window_bits=10`);
    expect(answerTo('permessage-deflate; client_max_window_bits=12')).toBe(`${alone}; client_max_window_bits=12`);
    const takeover = { serverNoContextTakeover: false, clientNoContextTakeover: false };
    expect(answerTo('permessage-deflate; client_max_window_bits', takeover)).toBe('permessage-deflate');
  });

  test('declines what is not legal, and takes the next offer (H4)', () => {
    const bad = [
      'server_no_context_takeover=1',
      'client_no_context_takeover="x"',
      'server_max_window_bits',
      ...['7', '16', '08', '8.0', '0x9', '1e1', '-8', '8a', '99', 'x'].flatMap((bits) => [
        `server_max_window_bits=${bits}`,
        `client_max_window_bits=${bits}`,
      ]),
      'Server_no_context_takeover',
      'server_no_context_takeover; server_no_context_takeover',
      'client_no_context_takeover; client_no_context_takeover',
      'server_max_window_bits=10; server_max_window_bits=10',
      'client_max_window_bits; client_max_window_bits=10',
      'unknown',
      'constructor',
      '__proto__=1',
      'toString',
    ];
    for (const parameters of bad) {
      expect(answerTo(`permessage-deflate; ${parameters}`), parameters).toBeUndefined();
      const fallback = answerTo(
        `permessage-deflate; ${parameters}, x-webkit, , permessage-deflate; server_max_window_bits=9`,
      );
      expect(parse(fallback!).serverMaxWindowBits, parameters).toBe(9);
    }
    expect(answerTo('Permessage-deflate')).toBeUndefined();
    expect(answerTo('permessage-deflate; server_max_window_bits="9"')).toContain('server_max_window_bits=9');
  });

  test('declines windows of its own that its zlib does not have, and takes the next offer', () => {
    for (const least of [10, 15]) {
      for (const bits of WINDOWS) {
        const offer = `permessage-deflate; server_max_window_bits=${bits}`;
        expect(answerTo(offer, {}, from(least)) !== undefined).toBe(bits >= least);
        expect(answerTo(`${offer}, permessage-deflate`, {}, from(least))).toBeDefined();
        expect(answerTo(`permessage-deflate; client_max_window_bits=${bits}`, {}, from(least))).toBeDefined();
        const make = () => permessageDeflate(from(least), { serverMaxWindowBits: bits, clientMaxWindowBits: 8 });
        const words = `serverMaxWindowBits must be ${least} or more, the least of this zlib, got ${bits}`;
        if (bits < least) expect(make).toThrow(new RangeError(words));
        else make();
      }
    }
  });

  test('M5: has at most so many connections that keep contexts; those over it do without', () => {
    const takeover = { serverNoContextTakeover: false, clientNoContextTakeover: false };
    const alone = { serverNoContextTakeover: true, clientNoContextTakeover: true };
    const policy = new UpgradePolicy({ extensions: [permessageDeflate(zlib, { ...takeover, maxTakeovers: 2 })] });
    const connect = (offer = 'permessage-deflate') => accept(policy, offer)!;
    const does = ({ header }: { header: string }) => parse(header);
    const first = connect();
    expect(does(first)).toMatchObject(takeover);
    // One that keeps none of its own accord does not count.
    const none = connect('permessage-deflate; server_no_context_takeover; client_no_context_takeover');
    const half = connect('permessage-deflate; server_no_context_takeover');
    expect(does(half)).toMatchObject({ ...alone, clientNoContextTakeover: false });
    expect(does(connect())).toMatchObject(alone);
    none.extension.close();
    expect(does(connect())).toMatchObject(alone);
    first.extension.close();
    first.extension.close();
    expect(does(connect())).toMatchObject(takeover);
    expect(does(connect())).toMatchObject(alone);
  });
});

describe('a client', () => {
  test('offers what it is set to', () => {
    const offerOf = (options: PermessageDeflateOptions, over: Zlib = zlib) => {
      const { name, offers } = offerPermessageDeflate(over, options);
      return serializeExtensions(offers.map((parameters) => ({ name, parameters })));
    };
    const takeover = { serverNoContextTakeover: false, clientNoContextTakeover: false };
    const alone = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits';
    expect(offerOf({})).toBe(`${alone}, permessage-deflate; client_no_context_takeover; client_max_window_bits`);
    expect(offerOf({ serverNoContextTakeover: true })).toBe(alone);
    expect(offerOf(takeover)).toBe('permessage-deflate; client_max_window_bits');
    expect(offerOf({ ...takeover, serverMaxWindowBits: 9, clientMaxWindowBits: 10 })).toBe(
      'permessage-deflate; server_max_window_bits=9; client_max_window_bits=10',
    );
    expect(offerOf(takeover, from(14))).toBe('permessage-deflate; client_max_window_bits');
    expect(offerOf(takeover, from(15))).toBe('permessage-deflate');
  });

  test('offers no window of its own that its zlib does not have', () => {
    for (const least of [10, 15]) {
      for (const bits of WINDOWS) {
        const make = () => offerPermessageDeflate(from(least), { clientMaxWindowBits: bits, serverMaxWindowBits: 8 });
        const words = `clientMaxWindowBits must be ${least} or more, the least of this zlib, got ${bits}`;
        if (bits < least) expect(make).toThrow(new RangeError(words));
        else make();
      }
    }
  });

  test('takes an answer if it keeps to the offer, and does what it says; says why not if it does not', () => {
    let [taken, refused] = [0, 0];
    for (const options of everythingSet([8, 11, 15])) {
      for (const least of [8, 10, 15]) {
        const { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits } = options;
        if (clientMaxWindowBits < least) continue;
        const { zlib, contextsOf } = noting(least);
        const { verify } = offerPermessageDeflate(zlib, options);
        const whyNot = (answer: Parameters): string | undefined => {
          const [server, client] = [answer.serverMaxWindowBits ?? 15, answer.clientMaxWindowBits];
          if (serverNoContextTakeover && !answer.serverNoContextTakeover)
            return 'server_no_context_takeover was asked for, and is not in the answer';
          if (server > serverMaxWindowBits)
            return `server_max_window_bits is ${server}, and at most ${serverMaxWindowBits} was asked for`;
          if (client === undefined) return undefined;
          if (least === 15) return 'client_max_window_bits is in the answer, and was not offered';
          if (Number(client) >= least && Number(client) <= clientMaxWindowBits) return undefined;
          return `client_max_window_bits is ${client}, and ${least} to ${clientMaxWindowBits} was offered`;
        };
        for (const answer of answers) {
          const why = whyNot(answer);
          if (why !== undefined) {
            refused++;
            expect(() => verify(writeParameters(answer))).toThrow(new Error(why));
            continue;
          }
          taken++;
          // A client may do what it has offered to do, whatever was answered.
          const alone = answer.clientNoContextTakeover || clientNoContextTakeover;
          expect(contextsOf(verify(writeParameters(answer)))).toEqual({
            outgoing: { takeover: !alone, windowBits: answer.clientMaxWindowBits ?? clientMaxWindowBits },
            incoming: { takeover: !answer.serverNoContextTakeover, windowBits: answer.serverMaxWindowBits ?? 15 },
          });
        }
      }
    }
    expect(Math.min(taken, refused)).toBeGreaterThan(4000);
  });

  test('takes a server that keeps its context, unless it was told that none may', () => {
    const { zlib, contextsOf } = noting();
    const { verify } = offerPermessageDeflate(zlib);
    for (const takeover of [true, false]) {
      const answer = takeover ? [] : [['server_no_context_takeover', undefined] as const];
      expect(contextsOf(verify(answer))).toEqual({
        outgoing: { takeover: false, windowBits: 15 },
        incoming: { takeover, windowBits: 15 },
      });
    }
    const strict = offerPermessageDeflate(zlib, { serverNoContextTakeover: true });
    expect(() => strict.verify([])).toThrow('server_no_context_takeover was asked for, and is not in the answer');
  });

  test('fails the handshake on what is not legal, was not asked for, or is there twice', () => {
    const pending = createUpgrade('ws://localhost/', {
      random: () => new Uint8Array(16),
      extensions: [offerPermessageDeflate(zlib, { serverNoContextTakeover: false })],
    });
    const accepted = acceptUpgrade(pending.request, new UpgradePolicy());
    if (!accepted.ok) throw accepted.error;
    const judge = (answer: string) => {
      const headers = [...accepted.response.headers, ['Sec-WebSocket-Extensions', answer] as const];
      const verified = verifyUpgrade({ ...accepted.response, headers }, pending);
      return verified.ok ? 'fine' : `${verified.error.reason}: ${verified.error.message}`;
    };
    expect(judge('permessage-deflate')).toBe('fine');
    expect(judge('permessage-deflate; client_no_context_takeover; client_max_window_bits=15')).toBe('fine');
    const bad = {
      unknown: 'unknown is no parameter of permessage-deflate',
      'server_no_context_takeover; server_no_context_takeover': 'server_no_context_takeover is there twice',
      'server_no_context_takeover=1': 'server_no_context_takeover has a value, and takes none',
      'client_no_context_takeover=1': 'client_no_context_takeover has a value, and takes none',
      // Section 7.1.2.1 of RFC 7692: one without a value is for offers, and of the other kind.
      server_max_window_bits: 'server_max_window_bits has no value',
      client_max_window_bits: 'client_max_window_bits has no value',
      'client_max_window_bits=16': 'client_max_window_bits is not a number from 8 to 15',
      'server_max_window_bits=7': 'server_max_window_bits is not a number from 8 to 15',
    };
    for (const [answer, why] of Object.entries(bad)) {
      expect(judge(`permessage-deflate; ${answer}`)).toMatch(new RegExp(`^extension-unacceptable: .*${why}`));
    }
    expect(judge('permessage-deflate, permessage-deflate')).toMatch(/^extension-unexpected/);
  });
});

test('a client of ours and a server of ours agree, whatever both are set to', () => {
  const windows = [8, 12, 15];
  const { zlib, contextsOf } = noting();
  for (const server of everythingSet(windows)) {
    const negotiator = permessageDeflate(zlib, server);
    for (const client of everythingSet(windows)) {
      const { offers, verify } = offerPermessageDeflate(zlib, client);
      const { parameters, extension } = negotiator.accept(offers[0]!)!;
      const [ofServer, ofClient] = [contextsOf(extension), contextsOf(verify(parameters))];
      expect(ofClient).toEqual({ outgoing: ofServer.incoming, incoming: ofServer.outgoing });
    }
  }
});

function* everythingSet(windows: readonly number[]): Generator<Agreed> {
  for (const serverNoContextTakeover of flags)
    for (const clientNoContextTakeover of flags)
      for (const serverMaxWindowBits of windows)
        for (const clientMaxWindowBits of windows)
          yield { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits };
}
