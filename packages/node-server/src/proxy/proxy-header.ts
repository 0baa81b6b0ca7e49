import { SocketAddress } from 'node:net';

/**
 * A header of the PROXY protocol, version 2, as a proxy writes it before all else (proxy-protocol.txt of HAProxy, 2.2).
 */
export interface ProxyHeader {
  /** How many bytes the header has. */
  readonly length: number;
  /**
   * The client's address; undefined where there is none: the proxy's own health check, a socket in the file system,
   * UNSPEC.
   */
  readonly source: string | undefined;
}

/** Why a connection was ended before its first request. */
export type ProxyProtocolReason =
  /** The connection comes from an address that `trustProxy` does not name. */
  | 'untrusted'
  /** The connection does not start with the signature of version 2. */
  | 'no-header'
  | 'version-unsupported'
  | 'command-unknown'
  | 'family-unknown'
  /** The addresses do not fit into the header's length. */
  | 'header-too-short'
  | 'header-too-long'
  /** The connection has ended inside the header. */
  | 'header-incomplete'
  | 'header-timeout';

/**
 * A connection was ended before its first request: it has no header of the PROXY protocol, or a wrong one, or may not
 * have one.
 */
export class ProxyProtocolError extends Error {
  override readonly name = 'ProxyProtocolError';
  readonly reason: ProxyProtocolReason;

  constructor(reason: ProxyProtocolReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

const SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);

/** The signature, version and command, family and transport, and the length of the rest. */
const FIXED_BYTES = 16;

/**
 * The longest header taken. The addresses are 216 bytes at the most; certificates' names and what clouds add fit into
 * the rest.
 */
const MAX_BYTES = 4096;

/** How many bytes two addresses with their ports take, by family: UNSPEC, INET, INET6, UNIX. */
const ADDRESS_BYTES = [0, 12, 36, 216] as const;

/**
 * Reads a header at the start of what has come; what stands behind it does not matter.
 *
 * @returns the header, or how many bytes are needed, from the first on, to say more
 * @throws ProxyProtocolError for bytes that are no header; nothing else
 */
export function decodeProxyHeader(bytes: Uint8Array): ProxyHeader | { readonly needed: number } {
  for (let i = 0; i < SIGNATURE.length && i < bytes.length; i++) {
    if (bytes[i] !== SIGNATURE[i]) {
      throw new ProxyProtocolError(
        'no-header',
        'the connection does not start with a header of the PROXY protocol, version 2: have the proxy send it ' +
          '(HAProxy: send-proxy-v2; version 1 is not understood)',
      );
    }
  }
  if (bytes.length < FIXED_BYTES) return { needed: FIXED_BYTES };
  const [version, command] = [bytes[12]! >> 4, bytes[12]! & 15];
  const [family, transport] = [bytes[13]! >> 4, bytes[13]! & 15];
  const rest = (bytes[14]! << 8) | bytes[15]!;
  if (version !== 2) {
    throw new ProxyProtocolError('version-unsupported', `the PROXY protocol has version ${version} here, expected 2`);
  }
  if (command > 1) {
    throw new ProxyProtocolError('command-unknown', `the PROXY header has the command ${command}, expected 0 or 1`);
  }
  const length = FIXED_BYTES + rest;
  if (length > MAX_BYTES) {
    throw new ProxyProtocolError(
      'header-too-long',
      `the PROXY header has ${length} bytes, at most ${MAX_BYTES} are taken`,
    );
  }
  const whole = bytes.length >= length;
  // LOCAL: the proxy speaks for itself, and the family means nothing.
  if (command === 0) return whole ? { length, source: undefined } : { needed: length };
  const addressBytes = ADDRESS_BYTES[family];
  // UNSPEC has no transport, and the other three have STREAM or DGRAM: what came to the proxy over QUIC has the latter.
  if (addressBytes === undefined || transport > 2 || (family === 0) !== (transport === 0)) {
    const [high, low] = [family.toString(16), transport.toString(16)];
    throw new ProxyProtocolError('family-unknown', `the PROXY header has the family and transport 0x${high}${low}`);
  }
  if (rest < addressBytes) {
    const [got, wanted] = [`${rest} bytes behind its length`, `at least ${addressBytes} of addresses`];
    throw new ProxyProtocolError('header-too-short', `the PROXY header has ${got}, expected ${wanted}`);
  }
  if (!whole) return { needed: length };
  return { length, source: sourceOf(bytes, family) };
}

function sourceOf(bytes: Uint8Array, family: number): string | undefined {
  if (family === 1) return bytes.subarray(FIXED_BYTES, FIXED_BYTES + 4).join('.');
  if (family !== 2) return undefined;
  const groups: string[] = [];
  for (let i = FIXED_BYTES; i < FIXED_BYTES + 16; i += 2) groups.push(((bytes[i]! << 8) | bytes[i + 1]!).toString(16));
  // Node writes the addresses of its sockets so: the longest run of zeros as `::`.
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
