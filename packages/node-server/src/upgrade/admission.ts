import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { HandshakeError, type Refusal, refuse } from '@ws/handshake';
import { isGone } from '../proxy/is-gone.ts';
import type { ClientAddress } from '../proxy/trust-proxy.ts';
import type { RateLimit } from '../rate/rate-limit.ts';
import { TokenBucket, TokenBuckets } from '../rate/token-bucket.ts';

/** How long a full server asks its clients to wait, in seconds: long enough for some to leave. */
const RETRY_WHEN_FULL = 10;

/** How long a server with too many handshakes asks its clients to wait, in seconds: its limit is of a second. */
const RETRY_WHEN_FAST = 1;

/** Judges clients by number and rate, before anything else is looked at. */
export class Admission {
  readonly #maxConnections: number;
  readonly #limit: RateLimit;
  readonly #address: ClientAddress;
  readonly #perServer: TokenBucket | undefined;
  readonly #perAddress: TokenBuckets | undefined;

  constructor(maxConnections: number, limit: RateLimit, address: ClientAddress) {
    const { handshakes, handshakesPerAddress } = limit;
    const now = performance.now();
    this.#maxConnections = maxConnections;
    this.#limit = limit;
    this.#address = address;
    if (handshakes !== undefined) this.#perServer = new TokenBucket(handshakes, now);
    if (handshakesPerAddress !== undefined) this.#perAddress = new TokenBuckets(handshakesPerAddress, now);
  }

  /**
   * Why a request may not come in; undefined if it may.
   *
   * @param connections how many there are, with those that a hook decides on
   */
  refusal(request: IncomingMessage, connections: number): Refusal | undefined {
    const { handshakes, handshakesPerAddress } = this.#limit;
    // A single address that floods uses up nothing of the others'.
    if (this.#perAddress !== undefined) {
      const address = this.#address(request);
      // Over a unix domain socket, nobody has one: all clients of a proxy would share a limit. Those that are gone do.
      const isLimited = address !== undefined || (request.socket !== undefined && isGone(request.socket));
      if (isLimited && !this.#perAddress.tryTake(network(address ?? ''), performance.now())) {
        const by = address ?? 'clients that are gone';
        const why = `rateLimit.handshakesPerAddress (${handshakesPerAddress}) is exceeded by ${by}`;
        return later(429, why, 'too many connections from this address', RETRY_WHEN_FAST);
      }
    }
    if (connections >= this.#maxConnections) {
      return later(503, `maxConnections (${this.#maxConnections}) is reached`, 'the server is full', RETRY_WHEN_FULL);
    }
    if (this.#perServer !== undefined && !this.#perServer.tryTake(performance.now())) {
      const why = `rateLimit.handshakes (${handshakes}) is exceeded`;
      return later(503, why, 'too many connections at once', RETRY_WHEN_FAST);
    }
    return undefined;
  }
}

/** @param why for the operator of the server; `body` is for the client */
function later(status: number, why: string, body: string, seconds: number): Refusal {
  const headers = [['Retry-After', String(seconds)]] as const;
  return refuse(new HandshakeError('refused', why, { status }), { body: `${body}\n`, headers });
}

/**
 * Names what counts as one address: a client with one of IPv6 has all of its /64 network. An address that is mapped
 * from IPv4 counts as that of IPv4, however it is written (RFC 4291, section 2.5.5.2).
 */
function network(address: string): string {
  const [plain] = address.split('%', 1);
  if (!isIPv6(plain!)) return address;
  const groups = groupsOf(plain!);
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  if (isMapped) return [groups[6]! >> 8, groups[6]! & 0xff, groups[7]! >> 8, groups[7]! & 0xff].join('.');
  return groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':');
}

/** The eight groups of an IPv6 address, whose last two may be written as IPv4. */
function groupsOf(address: string): number[] {
  const hexadecimal = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a, b, c, d] = bytes.map(Number) as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [left, right] = hexadecimal.split('::', 2).map((side) => (side === '' ? [] : side.split(':')));
  const missing = 8 - left!.length - (right?.length ?? 0);
  return [...left!, ...Array<string>(missing).fill('0'), ...(right ?? [])].map((group) => Number.parseInt(group, 16));
}
