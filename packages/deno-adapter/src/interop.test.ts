/** A server in Deno that may use the network and nothing else, and clients in Node. */
import { on, once } from 'node:events';
import { connect } from 'node:net';
import { needsRuntimes } from '@ws/runtimes';
import { certificate } from '@ws/runtimes/certificate';
import { WebSocket as UndiciWebSocket } from 'undici';
import { expect, test } from 'vitest';
import { WebSocket as WsClient } from 'ws';
import { type Program, program, runDeno } from './deno.suite.ts';

/** Starts an echo, which prints its port, and of each client the extensions and the code of its Close. */
async function echo(
  options = '{}',
  module = './src/index.ts',
  flags: string[] = [],
): Promise<Program & { port: number }> {
  const running = program(
    `import { serve } from '${module}';
     const server = serve({ port: 0, hostname: '127.0.0.1', ...${options} }, async (socket) => {
       console.log(socket.extensions || 'none');
       for await (const { data } of socket) await socket.send(data);
       console.log('closed', (await socket.closed).code);
     });
     console.log(server.addr.port);`,
    ['--allow-net', ...flags],
  );
  return { ...running, port: Number(await running.line()) };
}

/** Sends messages of many kinds and lengths, and takes each back. */
async function exchange(client: WsClient): Promise<void> {
  await once(client, 'open');
  const received = on(client, 'message');
  for (const length of [0, 1, 125, 126, 1023, 1024, 5000, 65_535, 65_536, 1_000_000]) {
    const payload = Buffer.from(Uint8Array.from({ length }, (_, i) => (i * i) % 251));
    const text = payload.toString('hex');
    client.send(payload);
    client.send(text);
    const [data, isBinary] = (await received.next()).value;
    expect(isBinary && payload.equals(data)).toBe(true);
    const [back, textIsBinary] = (await received.next()).value;
    expect(!textIsBinary && back.toString() === text).toBe(true);
  }
  client.close(3000, 'done');
  expect((await once(client, 'close')).map(String)).toEqual(['3000', '']);
}

const DEFLATE = /^permessage-deflate/;

const BUILDS: [name: string, module: string, flags: string[]][] = [
  ['the sources', './src/index.ts', []],
  ['what npm gets', './dist/index.js', ['--no-config', '--node-modules-dir=manual']],
];

for (const [name, module, flags] of BUILDS) {
  test(
    `${name}, with --allow-net alone: ws as a client, without compression and with it, also with takeover`,
    needsRuntimes,
    async () => {
      const keeps =
        '{ perMessageDeflate: { serverNoContextTakeover: false, clientNoContextTakeover: false, threshold: 0 } }';
      for (const options of ['{}', '{ perMessageDeflate: false }', keeps]) {
        for (const perMessageDeflate of [false, true]) {
          const server = await echo(options, module, flags);
          await exchange(new WsClient(`ws://127.0.0.1:${server.port}`, { perMessageDeflate }));
          const extensions = await server.line();
          if (perMessageDeflate && !options.includes('false }')) expect(extensions).toMatch(DEFLATE);
          else if (!perMessageDeflate || options === '{ perMessageDeflate: false }') expect(extensions).toBe('none');
          expect(await server.line()).toBe('closed 3000');
        }
      }
    },
  );
}

test('the WebSocket of Node itself (undici) as a client, which offers compression', needsRuntimes, async () => {
  const server = await echo();
  const client = new UndiciWebSocket(`ws://127.0.0.1:${server.port}`);
  client.binaryType = 'arraybuffer';
  await once(client as never, 'open');
  const text = 'a message that compresses well. '.repeat(1000);
  client.send(text);
  const [{ data }] = await once(client as never, 'message');
  expect(data).toBe(text);
  client.close(1000);
  await once(client as never, 'close');
  expect([await server.line(), await server.line()]).toEqual([expect.stringMatching(DEFLATE), 'closed 1000']);
});

test('wss, with a certificate', needsRuntimes, async () => {
  const { cert, key } = certificate();
  const server = await echo(
    `{ cert: ${JSON.stringify(cert)}, key: ${JSON.stringify(key)}, authenticate: ({ secure, request }) => secure && request.url.startsWith('https:') }`,
  );
  await exchange(new WsClient(`wss://localhost:${server.port}`, { ca: cert }));
  // Who speaks no TLS gets no WebSocket, and harms nobody.
  const [error] = await once(new WsClient(`ws://localhost:${server.port}`), 'error');
  expect(error).toBeInstanceOf(Error);
  await exchange(new WsClient(`wss://localhost:${server.port}`, { ca: cert }));
});

test('clients that reset before they are accepted keep nobody waiting', needsRuntimes, async () => {
  const { child, line } = program(
    `import { serve } from './src/index.ts';
       const { setTimeout } = globalThis;
       let waits = 0;
       globalThis.setTimeout = (callback, ms) => {
         if (ms === 100) waits++;
         return setTimeout(callback, ms);
       };
       const server = serve({ port: 0, hostname: '127.0.0.1' }, async (socket) => {
         for await (const { data } of socket) await socket.send(data);
         console.log('waits', waits);
       });
       console.log(server.addr.port);`,
    ['--allow-net'],
  );
  const port = Number(await line());
  // They wait in the queue of the listener, and one who is honest behind them.
  child.kill('SIGSTOP');
  for (let i = 0; i < 50; i++) {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.resetAndDestroy();
  }
  const client = new WsClient(`ws://127.0.0.1:${port}`);
  child.kill('SIGCONT');
  await exchange(client);
  expect(await line()).toBe('waits 0');
});

test('without compression nothing of Node is loaded', needsRuntimes, async () => {
  const { output } = await runDeno(['info', '--json', '--no-remote', 'src/index.ts']);
  const { modules } = JSON.parse(output.slice(output.indexOf('{'))) as {
    modules: {
      specifier: string;
      dependencies?: { specifier: string; isDynamic?: boolean; code?: { specifier: string } }[];
    }[];
  };
  const reached = new Set<string>();
  const walk = (specifier: string): void => {
    if (reached.has(specifier)) return;
    reached.add(specifier);
    for (const { code, isDynamic } of modules.find((module) => module.specifier === specifier)?.dependencies ?? []) {
      if (code !== undefined && isDynamic !== true) walk(code.specifier);
    }
  };
  walk(new URL('./index.ts', import.meta.url).href);
  expect(reached.size).toBeGreaterThan(50);
  expect([...reached].filter((specifier) => specifier.startsWith('node:'))).toEqual([]);
});
