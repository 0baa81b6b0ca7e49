import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { deno, needsRuntimes } from '@ws/runtimes';
import { certificate } from '@ws/runtimes/certificate';
import { temporaryHome } from '@ws/runtimes/home';
import { expect, onTestFinished, test } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';

/** Runs an example as its head says, checked, and waits for its address. */
async function start(name: string, permissions: string[] = [], args: string[] = []): Promise<string> {
  const home = temporaryHome();
  const flags = ['--check', '--no-prompt', '--no-remote', '--cached-only', '--allow-net', '--allow-env=PORT'];
  const child = spawn(deno.binary(), ['run', ...flags, ...permissions, `deno/${name}.ts`, ...args], {
    cwd: join(import.meta.dirname, '..'),
    env: { ...home.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.on('exit', home.remove);
  onTestFinished(() => void child.kill());
  for await (const line of createInterface({ input: child.stdout })) {
    const [, address] = /^Listening at (\S+)$/.exec(line) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error(`${name} has ended`);
}

async function firstMessage(address: string, options: ClientOptions, send?: string): Promise<string> {
  const socket = new WebSocket(address, options);
  if (send !== undefined) socket.on('open', () => socket.send(send));
  const [data] = await once(socket, 'message');
  socket.close();
  await once(socket, 'close');
  return String(data);
}

test('echo: what is sent comes back, and a plain request has an answer', needsRuntimes, async () => {
  const address = await start('echo');
  expect(await firstMessage(address, {}, 'hello')).toBe('hello');
  expect(await (await fetch(`${address.replace('ws', 'http')}/health`)).text()).toBe('ok\n');
});

test(
  'auth: a token opens the connection; without one, or with a wrong one, the answer is a 401 that says how',
  needsRuntimes,
  async () => {
    const address = await start('auth');
    expect(await firstMessage(address, { headers: { Authorization: 'Bearer ada-7f9a4e' } })).toBe('Hello Ada.');
    const challenges = [
      [{}, 'Bearer realm="notes"'],
      [{ Authorization: 'Bearer x' }, 'Bearer realm="notes", error="invalid_token"'],
    ] as const;
    for (const [headers, challenge] of challenges) {
      const [, response] = await once(new WebSocket(address, { headers }), 'unexpected-response');
      expect([response.statusCode, response.headers['www-authenticate']]).toEqual([401, challenge]);
      response.destroy();
    }
  },
);

test('wss: with the files of a certificate', needsRuntimes, async () => {
  const { cert, certFile, keyFile } = certificate();
  const address = await start('wss', ['--allow-read'], [certFile, keyFile]);
  expect(await firstMessage(address, { ca: cert }, 'secret')).toBe('secret');
});
