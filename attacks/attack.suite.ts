import { constants, inflateRawSync } from 'node:zlib';
import { decodeNaively, type RawFrame, rawFrames } from '@ws/testkit';
import type { RawClient } from '@ws/testkit/raw-client';
import type { Target } from './target.suite.ts';

/** What a peer can do, and what a good server makes of it. */
export interface Attack {
  /** The rows of the field, and the advisories, of which this is the attack. */
  readonly name: string;
  /** What the attacker does. */
  readonly attacker: string;
  /** What a good server does. */
  readonly good: string;
  readonly run: (target: Target) => Promise<Outcome>;
  /** Memory is measured: in a process of its own, which no other attack has used. */
  readonly alone?: true;
  /** The listener of the application throws, so that the process hears of an error. */
  readonly throws?: true;
  /** The server is shut down in it. */
  readonly last?: true;
}

/** How it went. */
export interface Outcome {
  /** The attack has failed. */
  readonly held: boolean;
  /** What was seen, in a few words, where that is not what a good server does, or is a number. */
  readonly fact: string;
}

export const KIB = 1024;
export const MIB = 1_048_576;
export const DEFLATE = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };

/** An outcome of which only the failure has something to tell. */
export const verdict = (held: boolean, fact: string): Outcome => ({ held, fact: held ? '' : fact });

/** Whether so many are within the bound; `size` is that of the unit. */
export function measured(value: number, bound: number, unit: string, size: number): Outcome {
  const shown = (number: number) => Number(Math.max(0, number / size).toPrecision(2));
  return { held: value <= bound, fact: `${shown(value)} ${unit}` };
}

export const MASKED = { maskingKey: 0x37fa213d };
/** The bytes of frames as a client sends them. */
export const masked = (...frames: RawFrame[]): Uint8Array =>
  rawFrames(frames.map((frame) => ({ ...MASKED, ...frame })));

/** All that a server has made of what a connection sent it, but for pings of its own. */
export function seen(client: RawClient): string[] {
  const { bytes } = client;
  const { events } = decodeNaively(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4), { role: 'client', allowedRsv: 0x40 });
  return events.flatMap((event) => {
    if (event.type === 'ping') return [];
    if (event.type === 'close') return [`closes ${event.code ?? 'without a code'}`];
    if (event.type === 'pong') return [`pong of ${event.payload.length} B`];
    return [`message of ${(event.rsv === 0 ? event.payload : inflated(event.payload)).length} B`];
  });
}

/** The first message of a compressed stream (RFC 7692 section 7.2.2). */
const inflated = (payload: Uint8Array) =>
  inflateRawSync(Buffer.concat([payload, Buffer.from('0000ffff', 'hex')]), { finishFlush: constants.Z_SYNC_FLUSH });

/** The server has ended the connection, however. */
export const gone = ({ ended, closed }: RawClient): boolean => ended || closed !== 'no';

/** The first that a server makes of what a connection sent it. */
export async function reaction(target: Target, client: RawClient): Promise<string> {
  await target.patience(client, () => gone(client) || seen(client).length > 0);
  const [first] = seen(client);
  if (first !== undefined) return first;
  return gone(client) ? 'cut off' : 'nothing';
}

/** The answer to a request: its status, and whether the connection ends. */
export async function answer(target: Target, client: RawClient): Promise<string> {
  await target.patience(client, () => gone(client) || client.bytes.includes('\r\n\r\n'));
  if (!client.bytes.includes('\r\n\r\n')) return gone(client) ? 'cut off' : 'nothing';
  return String((await client.response()).status);
}

/** A connection that ends in another way than it should is one with which the attacker gets no further. */
const REFUSED = /^(closes .*|cut off|[45]\d\d)$/;

/** A variant of an attack: its name, what should be seen, and how it goes. */
export type Variant = readonly [name: string, good: string | RegExp, run: () => Promise<string>];

/** Variants of one attack, each on a connection of its own: what was seen of those that did not go as they should. */
export async function each(variants: Iterable<Variant>, enough: RegExp = REFUSED): Promise<Outcome> {
  const facts: string[] = [];
  let held = true;
  for (const [name, good, run] of variants) {
    const fact = await run();
    if (typeof good === 'string' ? good === fact : good.test(fact)) continue;
    held &&= enough.test(fact);
    facts.push(name === '' ? fact : `${name}: ${fact}`);
  }
  return { held, fact: facts.join('; ') };
}

/** Variants that are frames on an open connection, all with the same good end. */
export function frames(
  good: string,
  variants: Readonly<Record<string, readonly RawFrame[] | Uint8Array>>,
  fields?: Readonly<Record<string, string>>,
): Attack['run'] {
  return (target) =>
    each(
      Object.entries(variants).map(([name, sent]) => [
        name,
        good,
        async () => {
          const client = await target.open('echo', fields);
          client.write(sent instanceof Uint8Array ? sent : masked(...sent));
          return reaction(target, client);
        },
      ]),
    );
}
