import { afterAll, describe, expect, test } from 'vitest';
import type { Outcome } from './attack.suite.ts';
import { attacks, elsewhere, Siege } from './attacks.suite.ts';
import { clientAttacks } from './client.suite.ts';
import { report } from './report.suite.ts';
import { ours } from './subjects.ts';
import { verdictsOfReadme } from './table.js';

/** Every row and every advisory of the field. */
const FIELD = [
  ...Array.from({ length: 15 }, (_, i) => `F${i + 1}`),
  ...Array.from({ length: 8 }, (_, i) => `M${i + 1}`),
  ...Array.from({ length: 19 }, (_, i) => `H${i + 1}`),
  ...['CVE-2020-7662', 'CVE-2020-7663', 'CVE-2021-32640', 'CVE-2023-43669', 'CVE-2024-37890'],
  ...['CVE-2026-1527', 'CVE-2026-2229', 'CVE-2026-45736', 'CVE-2026-54490', 'CVE-2026-69243'],
];

test('the catalogue has each of them, or says why not', () => {
  const named = new Set([
    ...[...attacks, ...clientAttacks].flatMap(({ name }) => name.split(', ')),
    ...Object.keys(elsewhere),
  ]);
  expect(FIELD.filter((name) => !named.has(name))).toEqual([]);
});

for (const subject of ours) {
  describe(`${subject.name}, ${subject.versions}`, subject.needs, () => {
    const siege = new Siege(subject);
    const outcomes: Record<string, Outcome> = {};
    afterAll(() => siege.end());
    afterAll(() => report(subject, outcomes));

    for (const attack of attacks) {
      test(`${attack.name}: ${attack.attacker}: ${attack.good}`, async () => {
        const outcome = (outcomes[attack.name] = await siege.attack(attack));
        // Nothing is to be told of ours but numbers.
        expect(outcome).toEqual({ held: true, fact: expect.stringMatching(/^([\d.]+ (ms of CPU|[KM]iB))?$/) });
      });
    }
  });

  test(`${subject.name}: its verdicts are what the README says; \`node attacks/run.js --write\` mends it`, () => {
    expect(verdictsOfReadme(subject.name)).toEqual(attacks.map(({ name }) => `${name}: held`));
  });
}
