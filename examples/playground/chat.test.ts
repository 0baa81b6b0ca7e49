import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Example, startExample } from '../run-example.suite.ts';
import { Client } from './client.suite.ts';

let example: Example;
beforeAll(async () => {
  example = await startExample('playground/server.js');
});
afterAll(() => example.stop());

const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});

async function connect(): Promise<Client> {
  const client = await new Client(`ws://127.0.0.1:${example.port}/chat`).opened();
  clients.push(client);
  return client;
}

async function join(name: string): Promise<Client> {
  const client = await connect();
  client.send({ join: name });
  expect(await client.json()).toMatchObject({ joined: name });
  return client;
}

test('what one says, all hear, in the order in which it was said', async () => {
  const ada = await join('Ada');
  const grace = await join('Grace');
  expect(await ada.json()).toEqual({ joined: 'Grace', people: ['Ada', 'Grace'] });
  ada.send({ say: 'Hello' });
  ada.send({ say: '<b>two</b> & "three"' });
  grace.send({ say: '👩‍💻' });
  const heard = [];
  for (let i = 0; i < 3; i++) heard.push(await ada.json());
  for (const message of heard) expect(await grace.json()).toEqual(message);
  expect(heard.filter((message) => (message as { from: string }).from === 'Ada')).toEqual([
    { from: 'Ada', say: 'Hello' },
    { from: 'Ada', say: '<b>two</b> & "three"' },
  ]);
  expect(heard).toContainEqual({ from: 'Grace', say: '👩‍💻' });
  await grace.close();
  expect(await ada.json()).toEqual({ left: 'Grace', people: ['Ada'] });
});

test('who has not joined hears nothing and says nothing', async () => {
  const stranger = await connect();
  stranger.send({ say: 'psst' });
  expect(await stranger.json()).toEqual({ refused: 'Join first, with a name.' });
  const ada = await join('Ada');
  ada.send({ say: 'secret' });
  await ada.json();
  stranger.send({ join: 'Eve' });
  expect(await stranger.json()).toEqual({ joined: 'Eve', people: ['Ada', 'Eve'] });
});

test('a name is taken once, has at most 24 characters, and is one line', async () => {
  await join('Ada');
  const other = await connect();
  other.send({ join: ' Ada\u0000 ' });
  expect(await other.json()).toEqual({ refused: 'Somebody is called Ada already.' });
  other.send({ join: 'x'.repeat(25) });
  expect(await other.json()).toEqual({ refused: 'A name has at most 24 characters.' });
  other.send({ join: '👍'.repeat(24) });
  expect(await other.json()).toMatchObject({ joined: '👍'.repeat(24) });
});

test.each([
  ['no JSON', 'hello'],
  ['no object', '["say"]'],
  ['null', 'null'],
  ['no text', '{"say": 5}'],
  ['nothing', '{"say": " \\n\\u202e "}'],
])('%s is refused, and the connection stays', async (_, text) => {
  const ada = await join('Ada');
  ada.socket.send(text);
  expect(await ada.json()).toEqual({ refused: 'There is nothing to say in that message.' });
  ada.send({ say: 'still here' });
  expect(await ada.json()).toEqual({ from: 'Ada', say: 'still here' });
});

test('a message has at most 500 characters, and 8 KiB on the wire', async () => {
  const ada = await join('Ada');
  ada.send({ say: '👍'.repeat(500) });
  expect(await ada.json()).toEqual({ from: 'Ada', say: '👍'.repeat(500) });
  ada.send({ say: 'x'.repeat(501) });
  expect(await ada.json()).toEqual({ refused: 'A message has at most 500 characters.' });
  ada.socket.send(' '.repeat(8193));
  await ada.rest();
  expect(ada.closed).toBe(1009);
});

test('who is too fast is refused, and no one else hears of it', async () => {
  const ada = await join('Ada');
  const grace = await join('Grace');
  await ada.json();
  for (let i = 0; i < 50; i++) ada.send({ say: `message ${i}` });
  const answers = [];
  for (let i = 0; i < 50; i++) answers.push(await ada.json());
  const heard = answers.filter((answer) => (answer as { say?: string }).say !== undefined);
  expect(answers).toContainEqual({ refused: 'Too fast: wait a moment.' });
  expect(heard.length).toBeGreaterThanOrEqual(4);
  for (const message of heard) expect(await grace.json()).toEqual(message);
  grace.send({ say: 'quiet' });
  expect(await grace.json()).toEqual({ from: 'Grace', say: 'quiet' });
});
