import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { open } from '../../test/raw-client.suite.ts';
import { nextConnection, serve } from '../../test/serve.suite.ts';
import { readTrustProxy, type TrustProxy } from './trust-proxy.ts';

function clientOf(trustProxy: TrustProxy | undefined, remoteAddress: string | undefined, header?: string) {
  const headers = header === undefined ? {} : { 'x-forwarded-for': header };
  return readTrustProxy(trustProxy).clientAddress({ socket: { remoteAddress }, headers } as unknown as IncomingMessage);
}

test('by default, nobody is believed: a client could write the header', () => {
  for (const trustProxy of [undefined, false, 0, []] as const) {
    expect(clientOf(trustProxy, '192.0.2.9', '10.0.0.1')).toBe('192.0.2.9');
  }
});

test('so many proxies: the right end of the header is theirs, what stands left of it was written by anybody', () => {
  const header = '1.1.1.1, 2.2.2.2,3.3.3.3 , 4.4.4.4';
  const found = [1, 2, 3, 4, 5].map((hops) => clientOf(hops, '127.0.0.1', header));
  expect(found).toEqual(['4.4.4.4', '3.3.3.3', '2.2.2.2', '1.1.1.1', '1.1.1.1']);
  expect(clientOf(1, '127.0.0.1')).toBe('127.0.0.1');
  // The proxy came over a socket in the file system.
  expect(clientOf(1, undefined, '4.4.4.4')).toBe('4.4.4.4');
});

test('a list of proxies: the right-most address that is none of them', () => {
  const ours = ['127.0.0.1', '10.0.0.0/8', '2001:db8::/32', '::1'];
  const cases: [string, string, string][] = [
    ['127.0.0.1', '6.6.6.6, 192.0.2.1', '192.0.2.1'],
    ['127.0.0.1', '6.6.6.6, 192.0.2.1, 10.9.9.9', '192.0.2.1'],
    ['10.1.2.3', '10.0.0.1', '10.0.0.1'],
    ['::ffff:10.1.2.3', '192.0.2.1', '192.0.2.1'],
    ['2001:db8:1::5', '2001:db9::1', '2001:db9::1'],
    ['::1', '2001:db9::1, 2001:DB8::7', '2001:db9::1'],
    ['11.0.0.1', '127.0.0.1', '11.0.0.1'],
    ['fe80::1%eth0', '192.0.2.1', 'fe80::1%eth0'],
  ];
  for (const [from, header, client] of cases) expect(clientOf(ours, from, header), header).toBe(client);
  expect(clientOf(['fe80::/10'], 'fe80::1%eth0', '192.0.2.1')).toBe('192.0.2.1');
  expect(clientOf(['10.0.0.0/8'], undefined, '192.0.2.1')).toBeUndefined();
});

test('a port behind an address is cut off; at what is no address the reading ends', () => {
  const cases = [
    ['192.0.2.1:4711', '192.0.2.1'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ...[
      'unknown',
      '',
      'localhost',
      '1.2.3',
      '1.2.3.4:',
      '1.2.3.4:123456',
      '[1.2.3.4]',
      '[::1',
      '"::1"',
      '1.2.3.4 5',
    ].map((entry) => [entry, '127.0.0.1']),
  ];
  for (const [entry, client] of cases) {
    expect(clientOf(1, '127.0.0.1', `6.6.6.6, ${entry}`), entry).toBe(client);
    expect(clientOf(2, '127.0.0.1', `6.6.6.6, ${entry}`), entry).toBe(client === '127.0.0.1' ? client : '6.6.6.6');
  }
});

test('whatever a client writes into the header, it does not change what a proxy behind it has seen', () => {
  const anything = fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.constantFrom('127.0.0.1', '10.0.0.1', ',', ' '));
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 5 }), fc.ipV4(), (forged, client) => {
      const header = [...forged, client].join(', ');
      expect(clientOf(1, '127.0.0.1', header)).toBe(client);
      expect(clientOf(['127.0.0.1'], '127.0.0.1', header)).toBe(client === '127.0.0.1' ? expect.anything() : client);
    }),
  );
});

test('M8: trustProxy of the wrong kind is said when the server is made', () => {
  const wrong: [unknown, string][] = [
    [
      true,
      'trustProxy must be false, a number of proxies or an array of their addresses, got true, with which any client',
    ],
    ['10.0.0.0/8', 'trustProxy must be false'],
    [null, 'trustProxy must be false'],
    [{}, 'trustProxy must be false'],
    [-1, 'trustProxy must be an integer from 0 to 32'],
    [1.5, 'trustProxy must be an integer'],
    [Number.NaN, 'trustProxy must be an integer'],
    [33, 'trustProxy must be an integer'],
    [[7], 'trustProxy: an address must be a string, got 7'],
    ...[
      '',
      'localhost',
      '10.0.0.0/33',
      '::1/129',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      '10.0.0.0/-1',
      'fe80::1%lo',
      '10.0.0',
    ].map((entry): [unknown, string] => [['::1', entry], `trustProxy: ${JSON.stringify(entry)} is no address`]),
  ];
  for (const [option, message] of wrong) expect(() => readTrustProxy(option as never), message).toThrow(message);
});

test('the address is told to verifyClient and stands on the WebSocket, also after its end', async () => {
  for (const [trustProxy, address] of [
    [undefined, '127.0.0.1'],
    [1, '192.0.2.7'],
    [['127.0.0.0/8'], '192.0.2.7'],
    [['10.0.0.0/8'], '127.0.0.1'],
  ] as const) {
    const told: (string | undefined)[] = [];
    const verifyClient = async ({ remoteAddress }: { remoteAddress: string | undefined }) =>
      told.push(remoteAddress) > 0;
    const { server, port } = await serve({ trustProxy, verifyClient });
    const connected = nextConnection(server);
    const client = await open(port, { 'X-Forwarded-For': '6.6.6.6, 192.0.2.7' });
    const socket = await connected;
    socket.on('close', () => told.push(socket.remoteAddress));
    client.socket.destroy();
    await new Promise((resolve) => socket.on('close', resolve));
    expect(told).toEqual([address, address]);
  }
});
