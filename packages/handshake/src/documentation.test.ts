import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as net from 'node:net';
import { expect, test } from 'vitest';
import { textOf } from './arbitraries.suite.ts';
import * as handshake from './index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const blocks = Array.from(readme.matchAll(/^```js\n(.*?)^```$/gms), (match) => match[1]!);

const modules = { '@ws/handshake': handshake, 'node:http': http, 'node:net': net };

/** Runs a block as the module that it is, with this package's source in place of its build. */
async function run(block: string): Promise<Record<string, unknown>> {
  const names = Array.from(block.matchAll(/^export (?:async )?(?:const|function) (\w+)/gm), (match) => match[1]);
  const code = block
    .replace(/^import (\{.*\}) from ('[@\w/:]+');$/gm, 'const $1 = modules[$2];')
    .replace(/^export /gm, '');
  const AsyncFunction = run.constructor as new (
    ...parameters: string[]
  ) => (own: typeof modules) => Promise<Record<string, unknown>>;
  return new AsyncFunction('modules', `${code}\nreturn { ${names.join(', ')} };`)(modules);
}

/** The function of the README's client. */
type Open = (
  url: string,
  callback: (error: Error | undefined, socket: net.Socket, negotiated: unknown, rest: Uint8Array) => void,
) => void;

/** What it calls back with. */
function opening(open: Open, url: string): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    open(url, (error, ...rest) => (error ? reject(error) : resolve(rest)));
  });
}

test("the README's server and client open a WebSocket to each other, and its refusal ends the socket", async () => {
  expect(blocks).toHaveLength(5);
  const { server } = (await run(blocks[0]!)) as { server: net.Server };
  const { open } = (await run(blocks[2]!)) as { open: Open };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${(server.address() as net.AddressInfo).port}/chat`;
  try {
    const accepted = once(server, 'websocket');
    const opened = await opening(open, url);
    const expected = [expect.any(net.Socket), { subprotocol: 'chat.v2', extensions: [] }, expect.any(Uint8Array)];
    expect(await accepted).toEqual(expected);
    expect(opened).toEqual(expected);
    for (const [socket] of [await accepted, opened]) (socket as net.Socket).destroy();

    const answer = await fetch(url.replace('ws:', 'http:'));
    expect(answer.status).toBe(426);
    expect(await answer.text()).toContain('expected the header Upgrade: websocket');
  } finally {
    server.close();
    await once(server, 'close');
  }
});

test("M7: the README's server refuses 2,000 header fields with a 431", async () => {
  const { server } = (await run(blocks[0]!)) as { server: net.Server };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
    client.write(`GET / HTTP/1.1\r\n${'a:b\r\n'.repeat(2000)}\r\n`);
    let answer = '';
    for await (const chunk of client) answer += String(chunk);
    expect(answer).toMatch(/^HTTP\/1\.1 431 .*it has more than 100 header fields\n$/s);
  } finally {
    server.close();
    await once(server, 'close');
  }
});

test("the README's two steps: an awaited authentication, 401 or a cookie", async () => {
  const { answerUpgrade } = (await run(blocks[1]!)) as {
    answerUpgrade(
      request: handshake.RequestHead,
      policy: handshake.UpgradePolicy,
      userOf: (authorization?: string) => Promise<string | undefined>,
    ): Promise<handshake.Acceptance | handshake.Refusal>;
  };
  const policy = new handshake.UpgradePolicy();
  const users = new Map([['Bearer secret', 'ada']]);
  const answer = async (headers: handshake.HeaderFields) => {
    const { request } = handshake.createUpgrade('ws://a', { random: () => new Uint8Array(16), headers });
    const { response } = await answerUpgrade(request, policy, async (authorization) => users.get(authorization ?? ''));
    return textOf(handshake.serializeHead(response));
  };
  expect(await answer([['Authorization', 'Bearer secret']])).toMatch(
    /^HTTP\/1\.1 101 .*Set-Cookie: user=ada\r\n\r\n$/s,
  );
  expect(await answer([])).toMatch(/^HTTP\/1\.1 401 .*WWW-Authenticate: Bearer\r\n/s);
});

test("the README's server on node:http: a WebSocket, a refusal that ends the socket, and other requests", async () => {
  const { server } = (await run(blocks[3]!)) as { server: http.Server };
  const { open } = (await run(blocks[2]!)) as { open: Open };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  try {
    const accepted = once(server, 'websocket');
    const opened = await opening(open, `ws://127.0.0.1:${port}/chat?a=b`);
    const expected = [expect.any(net.Socket), { subprotocol: '', extensions: [] }, expect.any(Uint8Array)];
    expect(await accepted).toEqual(expected);
    for (const [socket] of [await accepted, opened]) (socket as net.Socket).destroy();

    const client = net.connect(port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    let answer = '';
    for await (const chunk of client) answer += String(chunk);
    expect(answer).toMatch(/^HTTP\/1\.1 426 .*Sec-WebSocket-Version/s);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('no WebSocket\n');
  } finally {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }
});

test("the README's answer to a Request of fetch", async () => {
  const { refusalOf } = (await run(blocks[4]!)) as {
    refusalOf(request: Request, policy: handshake.UpgradePolicy): Response | undefined;
  };
  const policy = new handshake.UpgradePolicy({ allowedOrigins: ['https://example.com'] });
  const answer = (origin: string) => {
    const random = () => new Uint8Array(16);
    const { request } = handshake.createUpgrade('http://a/chat?a=b', { random, origin });
    const headers = request.headers.map(([name, value]): [string, string] => [name, value]);
    return refusalOf(new Request('http://a/chat?a=b', { headers }), policy);
  };
  expect(answer('https://example.com')).toBeUndefined();
  const refused = answer('https://example.org')!;
  expect([refused.status, refused.statusText]).toEqual([403, 'Forbidden']);
  expect(await refused.text()).toContain('https://example.org');
});

const OPTIONS: Record<keyof handshake.UpgradePolicyOptions, true> = {
  acceptKey: true,
  allowedOrigins: true,
  extensions: true,
  headers: true,
  requireOrigin: true,
  selectSubprotocol: true,
  subprotocols: true,
};

test('the README has every option of a policy', () => {
  const [, table] = /^`new UpgradePolicy\(options\)`.*?\n((?:^\|.*\n)+)/ms.exec(readme)!;
  const named = Array.from(table!.matchAll(/^\| `(\w+)/gm), (match) => match[1]!);
  expect(named.sort()).toEqual(Object.keys(OPTIONS));
});

test('the README names every reason with its status', () => {
  for (const [reason, status] of Object.entries(handshake.HANDSHAKE_REASONS)) {
    if (status === 0) expect(readme).toContain(`\`${reason}\``);
    else expect(readme).toMatch(new RegExp(`^\\| ${status} +\\|[^|]*\`${reason}\``, 'm'));
  }
});
