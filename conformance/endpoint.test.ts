import { afterAll, afterEach, beforeAll, describe, test } from 'vitest';
import { checks, options } from './endpoint.suite.ts';
import { ServerUnderTest } from './server-under-test.suite.ts';
import { subjects } from './subjects.ts';

const executed = new Map<string, number>();

for (const subject of subjects) {
  const name = `${subject.server} on ${subject.runtime}`;
  let server: ServerUnderTest;

  describe(name, () => {
    beforeAll(async () => {
      server = new ServerUnderTest(subject, options);
      await server.listening();
    });
    afterEach(() => server.disconnect());
    afterAll(() => server.end());

    for (const { feature, name: what, run } of checks) {
      test(`${feature}: ${what}`, async () => {
        await run(server);
        executed.set(name, (executed.get(name) ?? 0) + 1);
      });
    }
  });
}
