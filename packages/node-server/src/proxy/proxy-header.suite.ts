/**
 * What a proxy writes, beside which the tests hold what we read. Written from proxy-protocol.txt, and from nothing of
 * ours.
 */
export interface RawProxyHeader {
  /** Default: 2. */
  readonly version?: number;
  /** Default: 1, PROXY. */
  readonly command?: number;
  /** Family and transport. Default: that of the source. */
  readonly family?: number;
  /** An address, or nothing. */
  readonly source?: string;
  /** What stands behind the addresses: type and value. */
  readonly extras?: readonly (readonly [type: number, value: Uint8Array])[];
  /** In place of what there is. */
  readonly declaredLength?: number;
}

export function rawProxyHeader(header: RawProxyHeader = {}): Buffer {
  const { version = 2, command = 1, source, extras = [] } = header;
  const isV6 = source?.includes(':') ?? false;
  const address = source === undefined ? [] : isV6 ? bytesOfV6(source) : source.split('.').map(Number);
  const destination = isV6 ? bytesOfV6('2001:db8::ffff') : [203, 0, 113, 9];
  const addresses = address.length === 0 ? [] : [...address, ...destination, 0x12, 0x67, 0x01, 0xbb];
  const tlvs = extras.map(([type, value]) =>
    Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 255]), value]),
  );
  const rest = Buffer.concat([Buffer.from(addresses), ...tlvs]);
  const length = header.declaredLength ?? rest.length;
  const family = header.family ?? (source === undefined ? 0 : isV6 ? 0x21 : 0x11);
  return Buffer.concat([
    Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
    Buffer.from([(version << 4) | command, family, length >> 8, length & 255]),
    rest,
  ]);
}

/** The 16 bytes of an address of IPv6, however it is written. */
export function bytesOfV6(address: string): number[] {
  const dotted = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, a, b, c, d) =>
    [(a << 8) | b, (c << 8) | d].map((group) => group.toString(16)).join(':'),
  );
  const [left = '', right] = dotted.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const [before, after] = [groups(left), groups(right ?? '')];
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}
