import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Outcome } from './client.suite.js';
import { type Row, rowLines, rowsOfReadme } from './table.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const rows: Row[] = [];
let browser: Browser;

beforeAll(async () => {
  const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet],
  });
});
afterAll(async () => {
  await browser?.close();
  mkdirSync(`${HERE}.reports`, { recursive: true });
  writeFileSync(`${HERE}.reports/system-rows.json`, JSON.stringify(rows));
});

test('Chromium: a WebSocket server in a page, and a client in the same page, do all that a client must', async () => {
  const { outputFiles } = buildSync({
    ...{ entryPoints: [`${HERE}clients/page.js`], bundle: true, format: 'iife', target: 'es2022', write: false },
  });
  const page = await browser.newPage();
  const told: string[] = [];
  page.on('pageerror', (error) => told.push(error.message));
  await page.setContent('<!doctype html><title>a server</title>');
  await page.addScriptTag({ content: outputFiles[0]!.text });
  const { counts, failures } = await page.evaluate<Outcome>('run()');
  expect(failures).toEqual([]);
  expect(await page.evaluate("echoInPage('grüße')")).toBe('grüße');
  expect(told).toEqual([]);
  rows.push({ what: 'openStreams', role: 'both', runtime: 'Chromium', counts });
});

test('is what the README says; `node conformance/run.js --write` mends it', () => {
  for (const line of rowLines(rows)) expect(rowsOfReadme()).toContain(line);
});
