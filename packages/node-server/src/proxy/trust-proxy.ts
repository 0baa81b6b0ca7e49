import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { readInteger } from '@ws/connection';
import { proxiedSource } from './proxy-gate.ts';

/**
 * Which proxies are believed about the client's address: a number of them in a row, or those at these addresses. On a
 * unix domain socket they have none, and only a number names them.
 */
export type TrustProxy = false | number | readonly string[];

/**
 * Finds the address of the client of a request; undefined if the socket has none: one in the file system, or one that
 * is gone.
 */
export type ClientAddress = (request: IncomingMessage) => string | undefined;

/** How many proxies in a row are taken: a larger number is a mistake. */
const MAX_HOPS = 32;

/**
 * An address with a port behind it, as some proxies write it: `192.0.2.1:4711`, `[2001:db8::1]:4711`, `[2001:db8::1]`.
 */
const WITH_PORT = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+))(?::\d{1,5})?$/i;

/** Whether an address is a proxy's whose word is taken; `hop` is how many proxies stand between it and us. */
export type Trusts = (address: string | undefined, hop: number) => boolean;

/** How far proxies are trusted. */
export interface ProxyTrust {
  readonly clientAddress: ClientAddress;
  /** Undefined if no proxy is trusted. */
  readonly trusts: Trusts | undefined;
}

/**
 * Makes the function that finds the client of a request. Each proxy appends the address that it was called from to
 * X-Forwarded-For, so only its right end was written by the trusted ones, and what stands left of that may be forged:
 * it is read from the right, no further than proxies are trusted, and never beyond what is no address.
 *
 * With the PROXY protocol, the proxy that calls names its client in the header of the connection and not there:
 * X-Forwarded-For is that of the next proxy, if there is one.
 *
 * @throws TypeError or RangeError for an option of the wrong kind
 */
export function readTrustProxy(option: TrustProxy = false, proxyProtocol = false): ProxyTrust {
  if (option === false) return { clientAddress: (request) => request.socket?.remoteAddress, trusts: undefined };
  const trusts = typeof option === 'number' ? countHops(option) : listProxies(option);
  const clientAddress = (request: IncomingMessage) => {
    let address = request.socket?.remoteAddress;
    if (proxyProtocol) {
      const source = trusts(address, 0) ? proxiedSource(request.socket) : undefined;
      if (source === undefined) return address;
      address = source;
    }
    const header = request.headers['x-forwarded-for'];
    // node:http joins several lines of this header; the type has an array, as for any name.
    const entries = header === undefined ? [] : String(header).split(',');
    for (let hop = proxyProtocol ? 1 : 0; entries.length > 0 && trusts(address, hop); hop++) {
      const next = addressOf(entries.pop()!.trim());
      if (next === undefined) break;
      address = next;
    }
    return address;
  };
  return { clientAddress, trusts };
}

function countHops(count: number): Trusts {
  const hops = readInteger(count, 'trustProxy', { default: 0, max: MAX_HOPS });
  return (_address, hop) => hop < hops;
}

function listProxies(list: readonly string[]): Trusts {
  if (!Array.isArray(list)) {
    const got = list === (true as unknown) ? 'true, with which any client could choose its address' : String(list);
    throw new TypeError(`trustProxy must be false, a number of proxies or an array of their addresses, got ${got}`);
  }
  const proxies = new BlockList();
  for (const entry of list) addProxy(proxies, entry);
  return (address) =>
    address !== undefined && isIP(address) !== 0 && proxies.check(withoutZone(address), family(address));
}

function addProxy(proxies: BlockList, entry: string): void {
  if (typeof entry !== 'string') throw new TypeError(`trustProxy: an address must be a string, got ${String(entry)}`);
  const [address = '', bits, ...more] = entry.split('/');
  const length = isIP(address) === 4 ? 32 : 128;
  const wellFormed = more.length === 0 && isIP(address) !== 0 && withoutZone(address) === address;
  if (!wellFormed || (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > length))) {
    throw new TypeError(
      `trustProxy: ${JSON.stringify(entry)} is no address and no block of them, such as 10.0.0.0/8 or ::1`,
    );
  }
  proxies.addSubnet(address, bits === undefined ? length : Number(bits), family(address));
}

/** The address in one entry of the header; undefined for what is none, such as `unknown`. */
function addressOf(entry: string): string | undefined {
  if (isIP(entry) !== 0) return entry;
  const [, v6, v4] = WITH_PORT.exec(entry) ?? [];
  const address = v6 ?? v4 ?? '';
  return isIP(address) === (v6 === undefined ? 4 : 6) ? address : undefined;
}

/** A link-local address without the interface that it is on, which `BlockList` does not take. */
function withoutZone(address: string): string {
  return address.split('%', 1)[0]!;
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}
