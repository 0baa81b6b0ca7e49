import { afterAll, expect, test } from 'vitest';
import { clientAttacks } from './client.suite.ts';
import { Program } from './program.suite.ts';

const client = new Program([process.execPath, 'clients/streams.js']);
afterAll(() => client.end());

for (const { name, attacker, good, run } of clientAttacks) {
  test(`our client, ${name}: ${attacker}: ${good}`, async () => {
    expect(await run(client)).toEqual({ held: true, fact: '' });
  });
}
