import { createServer } from 'node:http';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from '../src/server.ts';
import type { WebSocket as ServerSocket } from '../src/websocket.ts';
import { SIZES } from './interop.suite.ts';
import { ended, listen, nextConnection, shut } from './serve.suite.ts';

const echo = (socket: ServerSocket) =>
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));

let browser: Browser;

beforeAll(async () => {
  const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet],
  });
});

afterAll(() => browser?.close());

/** A page of Chromium, served by the http server that the WebSocket server shares. */
async function withPage(connection?: (socket: ServerSocket) => void, subprotocols?: string[]) {
  const http = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8').end('<!doctype html><title>interop</title>');
  });
  const { port } = await listen(http);
  const origin = `http://127.0.0.1:${port}`;
  const server = new WebSocketServer({ server: http, allowedOrigins: [origin], requireOrigin: true, subprotocols });
  onTestFinished(() => shut(server));
  if (connection !== undefined) server.on('connection', connection);
  const page: Page = await browser.newPage();
  onTestFinished(() => page.close());
  await page.goto(`${origin}/`);
  return { server, page, url: `ws://127.0.0.1:${port}/` };
}

test('Chromium: every size, binary and text, is echoed', async () => {
  const { page, url } = await withPage(echo);
  const wrong = await page.evaluate(
    async ({ url, sizes }) => {
      const socket = new WebSocket(url);
      socket.binaryType = 'arraybuffer';
      await new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onclose = reject;
      });
      const echoed = (data: string | Uint8Array<ArrayBuffer>) =>
        new Promise<string | ArrayBuffer>((resolve, reject) => {
          socket.onmessage = (event) => resolve(event.data);
          socket.onclose = (event) => reject(new Error(`closed with ${event.code}`));
          socket.send(data);
        });
      const wrong: string[] = [];
      for (const size of sizes) {
        const bytes = new Uint8Array(size).map((_, i) => ((i % 251) * 7 + 3) & 255);
        const answer = new Uint8Array((await echoed(bytes)) as ArrayBuffer);
        if (answer.length !== size || answer.some((byte, i) => byte !== bytes[i])) wrong.push(`binary ${size}`);
        const unit = 'aé€😀';
        const text = unit.repeat(Math.floor(size / 10)) + 'z'.repeat(size % 10);
        if ((await echoed(text)) !== text) wrong.push(`text ${size}`);
      }
      return wrong;
    },
    { url, sizes: SIZES },
  );
  expect(wrong).toEqual([]);
});

/** Opens a WebSocket in the page and says how it ended; `close` is what the page itself does. */
function closedInPage(page: Page, url: string, close?: { code: number; reason: string }, subprotocols: string[] = []) {
  return page.evaluate(
    ({ url, close, subprotocols }) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url, subprotocols);
        socket.onopen = () => close && socket.close(close.code, close.reason);
        socket.onclose = ({ code, reason, wasClean }) => resolve({ code, reason, wasClean, protocol: socket.protocol });
      }),
    { url, close, subprotocols },
  );
}

test('Chromium: close codes and reasons, from either end', async () => {
  for (const code of [1000, 3000, 4999]) {
    const { server, page, url } = await withPage();
    const connected = nextConnection(server);
    const closed = closedInPage(page, url, { code, reason: 'grüße' });
    expect(await ended(await connected)).toEqual({ code, reason: 'grüße', cause: undefined });
    expect(await closed).toMatchObject({ code, wasClean: true });
  }
  for (const code of [1000, 1001, 1011, 1013, 3000, 4999]) {
    const { page, url } = await withPage((socket) => socket.close(code, 'grüße'));
    expect(await closedInPage(page, url)).toMatchObject({ code, reason: 'grüße', wasClean: true });
  }
  const { page, url } = await withPage((socket) => socket.close());
  expect(await closedInPage(page, url)).toMatchObject({ code: 1005, wasClean: true });
});

test('Chromium: terminate is 1006 there; a page that goes away is 1001 here', async () => {
  const cut = await withPage((socket) => socket.terminate());
  expect(await closedInPage(cut.page, cut.url)).toMatchObject({ code: 1006, wasClean: false });
  const { server, page, url } = await withPage();
  const connected = nextConnection(server);
  await page.evaluate((url) => void Object.assign(globalThis, { kept: new WebSocket(url) }), url);
  const end = ended(await connected);
  await page.goto('about:blank');
  expect((await end).code).toBe(1001);
});

test('Chromium, H8: a page of another origin is refused, its own is not', async () => {
  const ours = await withPage((socket) => socket.close(1000));
  const other = await withPage();
  expect(await closedInPage(other.page, ours.url)).toMatchObject({ code: 1006 });
  expect(await closedInPage(ours.page, ours.url)).toMatchObject({ code: 1000 });
});

test('Chromium, H19: a chosen subprotocol is told; with none chosen the browser fails the connection', async () => {
  const chat = await withPage((socket) => socket.close(1000), ['chat']);
  expect(await closedInPage(chat.page, chat.url, undefined, ['log', 'chat'])).toMatchObject({
    code: 1000,
    protocol: 'chat',
  });
  const none = await withPage((socket) => socket.close(1000));
  expect(await closedInPage(none.page, none.url, undefined, ['chat'])).toMatchObject({ code: 1006, protocol: '' });
});
