import { describe, expect, test } from 'vitest';
import { legalStream, openStream, plantedViolation } from './arbitraries.ts';
import { decodeNaively, type NaiveRules } from './naive-codec.ts';

/** A test with a misspelt word would pass, or run for ever. */
describe('an argument that is none is a TypeError', () => {
  test.each(['sever', 'Server', undefined, null])('a role: %o', (role) => {
    const error = new TypeError(`role must be 'server', 'client' or 'observer', got ${role}`);
    const rules = { role } as NaiveRules;
    expect(() => decodeNaively(new Uint8Array(0), rules)).toThrow(error);
    expect(() => legalStream(rules)).toThrow(error);
    expect(() => openStream(rules)).toThrow(error);
    if (role !== undefined) expect(() => plantedViolation('reserved-opcode', rules)).toThrow(error);
  });

  test.each(['abc', [[0x81]], new ArrayBuffer(1), null, undefined])('bytes: %o', (bytes) => {
    expect(() => decodeNaively(bytes as never, { role: 'server' })).toThrow(/^bytes must be a Uint8Array, got /);
  });

  test.each(['nope', 'toString', '', undefined])('the name of a violation: %o', (name) => {
    expect(() => plantedViolation(name as never)).toThrow(
      new TypeError(`${JSON.stringify(name)} is no violation: VIOLATIONS has their names`),
    );
  });
});
