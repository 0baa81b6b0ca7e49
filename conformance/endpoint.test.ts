import { mkdirSync, writeFileSync } from 'node:fs';
import { isTheirSystem, needsRuntimes } from '@ws/runtimes';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { checks, options } from './endpoint.suite.ts';
import { runClient } from './run-client.suite.ts';
import { ServerUnderTest } from './server-under-test.suite.ts';
import { clients, servers } from './subjects.ts';
import { type Counts, type Row, rowLines, rowsOfReadme, sum } from './table.js';
import { workerd, workerdCommand } from './workerd.suite.ts';

const rows: Row[] = [];

for (const subject of servers) {
  const { what, runtime } = subject;
  const counts: Counts = {};
  rows.push({ what, role: 'server', runtime, counts });

  describe(`${what} on ${runtime}`, needsRuntimes, () => {
    let server: ServerUnderTest;

    beforeAll(async () => {
      server = new ServerUnderTest(subject, options);
      await server.listening();
    });
    afterEach(() => server.disconnect());
    afterAll(() => server.end());

    test('is run by the runtime that it should be', () => {
      expect(server.version).toBe(subject.version);
    });

    // Where none can run, the test above stands for all of them, which are thousands.
    for (const { feature, name, run } of isTheirSystem ? checks : []) {
      test(`${feature}: ${name}`, async () => {
        await run(server);
        counts[feature] = (counts[feature] ?? 0) + 1;
      });
    }
  });
}

describe('clients', needsRuntimes, () => {
  let server: ServerUnderTest;

  beforeAll(async () => {
    server = new ServerUnderTest(servers.find(({ runtime }) => runtime === 'Node 24')!, options);
    await server.listening();
  });
  afterAll(() => server.end());

  for (const { what, runtime, version, command } of clients) {
    test(`${what} on ${runtime}`, async () => {
      const outcome = await runClient(() => [...command(), String(server.port)]);
      rows.push({ what, role: 'client', runtime, counts: outcome.counts });
      expect([outcome.version, outcome.failures]).toEqual([version, []]);
    });
  }

  test('the Worker of the example, which connects by cloudflare:sockets', async () => {
    const outcome = await runClient((home) => workerdCommand(home, server.port));
    rows.push({ what: 'openStreams', role: 'client', runtime: workerd, counts: outcome.counts });
    expect([outcome.version, outcome.failures]).toEqual(['Cloudflare-Workers', []]);
  });
});

describe('the suites', needsRuntimes, () => {
  afterAll(() => {
    mkdirSync('.reports', { recursive: true });
    writeFileSync('.reports/rows.json', JSON.stringify(rows));
  });

  test('are the same for all: each server, and each client, has executed every check', () => {
    console.log(rowLines(rows).join('\n'));
    const executed = (which: string) => rows.filter(({ role }) => role === which).map(({ counts }) => sum(counts));
    expect(new Set(executed('server'))).toEqual(new Set([checks.length]));
    expect(new Set(executed('client')).size).toBe(1);
  });

  test('is what the README says; `node conformance/run.js --write` mends it', () => {
    const lines = rowLines(rows);
    for (const line of lines) expect(rowsOfReadme()).toContain(line);
    // One more: the browser's, which the system tier has.
    expect(rowsOfReadme()).toHaveLength(lines.length + 1);
  });
});
