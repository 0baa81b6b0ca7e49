import { expect, test } from 'vitest';
import type { Outcome } from './attack.suite.ts';
import { attacks, Siege } from './attacks.suite.ts';
import { report } from './report.suite.ts';
import { peers } from './subjects.ts';
import { verdictsOfReadme } from './table.js';

// Whether they hold is theirs. Here is seen that the catalogue can be run against them, and that the README tells the
// truth.
const found = new Map<string, Record<string, Outcome>>();

for (const subject of peers) {
  // A siege is mostly waiting: they go on at the same time. The timeout only ends a hang.
  test.concurrent(`${subject.name}, ${subject.versions}, is attacked`, {
    ...subject.needs,
    timeout: 300_000,
  }, async () => {
    const outcomes: Record<string, Outcome> = {};
    const siege = new Siege(subject);
    for (const attack of attacks) outcomes[attack.name] = await siege.attack(attack);
    await siege.end();
    report(subject, outcomes);
    found.set(subject.name, outcomes);
    expect(Object.keys(outcomes)).toHaveLength(attacks.length);
  });
}

for (const { name, needs } of peers) {
  test(`${name}: its verdicts are what the README says; \`node attacks/run.js --write\` mends it`, needs, () => {
    const verdicts = Object.entries(found.get(name)!).map(([name, { held }]) => `${name}: ${held ? 'held' : 'fell'}`);
    expect(verdicts).toEqual(verdictsOfReadme(name));
  });
}
