import { describe, expect, test } from 'vitest';
import type { Settings } from './options.ts';
import type { Agreed } from './parameters.ts';
import { PermessageDeflate } from './permessage-deflate.ts';
import type { Zlib } from './zlib.ts';

const ALONE: Agreed = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
};
const TAKEOVER: Agreed = { ...ALONE, serverNoContextTakeover: false, clientNoContextTakeover: false };
const flags = [false, true];
const roles = ['server', 'client'] as const;
const binary = { isBinary: true, compress: true };

const make = (role: 'server' | 'client', agreed: Agreed, zlib: Partial<Zlib>, settings: Partial<Settings> = {}) => {
  const none: Zlib['deflater'] & Zlib['inflater'] = () => {
    throw new Error('not needed');
  };
  return new PermessageDeflate(role, agreed, {
    ...agreed,
    ...{ threshold: 0, level: 6, memLevel: 8, maxRatio: 1, maxTakeovers: 1 },
    ...settings,
    zlib: { minWindowBits: 8, deflater: none, inflater: none, ...zlib },
  });
};

test('each end compresses with its own parameters, and decompresses with the other’s', () => {
  const windows = [8, 11, 15];
  for (const serverNoContextTakeover of flags)
    for (const clientNoContextTakeover of flags)
      for (const serverMaxWindowBits of windows)
        for (const clientMaxWindowBits of windows) {
          const server = { takeover: !serverNoContextTakeover, windowBits: serverMaxWindowBits };
          const client = { takeover: !clientNoContextTakeover, windowBits: clientMaxWindowBits };
          const agreed = { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits };
          for (const role of roles) {
            const made: unknown[] = [];
            const zlib: Partial<Zlib> = {
              deflater: (settings) => {
                made.push(settings);
                return { deflate: (payload) => payload, close() {} };
              },
              inflater: (settings) => {
                made.push(settings);
                return { inflate: (payload) => payload, close() {} };
              },
            };
            const extension = make(role, agreed, zlib, { level: 3, memLevel: 4 });
            extension.encode(Uint8Array.of(1), binary);
            extension.decode(Uint8Array.of(1), 1);
            const [own, other] = role === 'server' ? [server, client] : [client, server];
            expect(made).toEqual([{ ...own, level: 3, memLevel: 4 }, other]);
          }
        }
});

test('those are alike that make the same of every message: without takeover, and equal in all that shapes it', () => {
  /** What each says, by what shapes its messages. */
  const said = new Map<string, string>();
  for (const role of roles)
    for (const own of [8, 15])
      for (const other of [8, 15])
        for (const threshold of [0, 1, 11])
          for (const level of [1, 6])
            for (const memLevel of [1, 8]) {
              const [serverMaxWindowBits, clientMaxWindowBits] = role === 'server' ? [own, other] : [other, own];
              const windows = { serverMaxWindowBits, clientMaxWindowBits };
              const { alike } = make(role, { ...ALONE, ...windows }, {}, { threshold, level, memLevel });
              const shape = JSON.stringify({ own, threshold, level, memLevel });
              expect(alike).toBe((said.has(shape) ? said : said.set(shape, alike!)).get(shape));
              const takesOver = `${role}NoContextTakeover`;
              expect(make(role, { ...ALONE, [takesOver]: false }, {}).alike).toBeUndefined();
              // What comes from the other end is no matter.
              expect(make(role, { ...TAKEOVER, [takesOver]: true }, {}).alike).toBeTypeOf('string');
            }
  expect(said.size).toBe(2 * 3 * 2 * 2);
  expect(new Set(said.values()).size).toBe(said.size);
});

describe.each(['at once', 'later'])('a zlib that answers %s', (when) => {
  const answer = <T>(value: T): T | Promise<T> => (when === 'later' ? Promise.resolve(value) : value);

  test('has its message sent if that has become shorter, or if later ones may refer to it', async () => {
    for (const role of roles) {
      for (const agreed of [ALONE, TAKEOVER]) {
        for (const length of [1, 9, 10, 11]) {
          const deflated = new Uint8Array(length);
          const extension = make(role, agreed, {
            deflater: () => ({ deflate: () => answer(deflated), close() {} }),
          });
          const isSent = agreed === TAKEOVER || length < 10;
          expect(await extension.encode(new Uint8Array(10), binary)).toBe(isSent ? deflated : undefined);
        }
      }
    }
  });

  test('and fails: the message goes as it is, and its context is closed', async () => {
    let [made, closed] = [0, 0];
    const extension = make('server', TAKEOVER, {
      deflater: () => {
        made++;
        const error = new Error('no memory');
        const deflate = () => {
          if (when === 'at once') throw error;
          return Promise.reject(error);
        };
        return { deflate, close: () => closed++ };
      },
    });
    for (let message = 1; message <= 3; message++) {
      expect(await extension.encode(new Uint8Array(10), binary)).toBeUndefined();
      expect([made, closed]).toEqual([message, message]);
    }
  });
});

test('F14: an empty payload is not legal, whatever zlib would make of it', () => {
  expect(make('server', ALONE, {}).decode(new Uint8Array(0), 1)).toBe('extension-data-illegal');
});
