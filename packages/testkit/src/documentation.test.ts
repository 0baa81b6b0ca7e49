import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { examplesOf } from '@ws/runtimes/readme';
import { expect, test } from 'vitest';
import * as testkit from './index.ts';
import * as rawClient from './raw-client.ts';
import type { StreamVector } from './vector-json.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}/README.md`, 'utf8');

test.each(examplesOf(root))('the README prints what it says: %#', ({ promised, print }) => {
  expect(promised).not.toEqual([]);
  expect(print()).toEqual(promised);
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
