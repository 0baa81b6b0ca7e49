import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import * as testkit from './index.ts';
import * as rawClient from './raw-client.ts';
import type { StreamVector } from './vector-json.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}/README.md`, 'utf8');
const blocks = Array.from(readme.matchAll(/^```js\n(.*?)^```$/gms), (match) => match[1]!);

test.each(blocks)('the README prints what it says: %#', (block) => {
  // As a user has it: the built package, by its name.
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', block], {
    cwd: root,
    encoding: 'utf8',
  });
  const promised = Array.from(block.matchAll(/\/\/ prints: (.*)$/gm), (match) => match[1]!);
  expect(promised).not.toEqual([]);
  expect(printed.trimEnd().split('\n')).toEqual(promised);
});

test('every function that the README names is there', () => {
  const table = readme.slice(readme.indexOf('## What is in it'), readme.indexOf('`@ws/testkit` itself'));
  const names = Array.from(table.matchAll(/`([a-zA-Z]+\d*)(?:\(name\))?`/g), (match) => match[1]!);
  const elsewhere = ['openFaultPipe', 'StreamVector', 'Utf8Vector'];
  expect(names.length).toBeGreaterThan(30);
  expect(names.filter((name) => !(name in testkit) && !(name in rawClient) && !elsewhere.includes(name))).toEqual([]);
});

test('the README of the vectors names every file, and its example is one of them', () => {
  const text = readFileSync(`${root}/vectors/README.md`, 'utf8');
  for (const name of readdirSync(`${root}/vectors`))
    if (name.endsWith('.json')) expect(text).toContain(`| \`${name}\``);
  const example: StreamVector = JSON.parse(/^```json\n(.*?)^```$/ms.exec(text)![1]!);
  const { vectors } = JSON.parse(readFileSync(`${root}/vectors/violations.json`, 'utf8'));
  expect(vectors.find(({ name }: StreamVector) => name === example.name)).toEqual(example);
});
