import { mkdirSync, writeFileSync } from 'node:fs';
import type { Outcome } from './attack.suite.ts';
import { attacks } from './attacks.suite.ts';
import type { Subject } from './subjects.ts';

/** Leaves a column of the table for `run.js`. */
export function report({ name, versions }: Subject, outcomes: Readonly<Record<string, Outcome>>): void {
  const rows = attacks.map(({ name, attacker, good }) => ({ name, attacker, good, ...outcomes[name] }));
  mkdirSync('.reports', { recursive: true });
  writeFileSync(`.reports/${name.replace(/\W/g, '-')}.column.json`, JSON.stringify({ name, versions, rows }));
}
