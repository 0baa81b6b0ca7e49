import { expect, test } from 'vitest';
import { Endpoint } from '../endpoint.suite.ts';

test.each(['maxPayload', 'maxMessagePayloads', 'allowedRsv'])('a limit that is none, %s, is a TypeError', (name) => {
  const make = (value?: number) => () => new Endpoint('server', { limits: { [name]: value } });
  expect(make(0)).toThrow(new TypeError(`limits has no option "${name}"; it has maxMessagePayload, maxFramePayload`));
  expect(make()).not.toThrow();
});
