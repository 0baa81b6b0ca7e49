/** What compiles, and what must not: `npm run typecheck` judges. */
import { expectTypeOf, test } from 'vitest';
import { type Driver, PauseReason } from './index.ts';

test('a pause has one of the reasons, and no other number', () => {
  expectTypeOf<Parameters<Driver['pause']>>().toEqualTypeOf<[reason?: PauseReason]>();
  expectTypeOf<Parameters<Driver['resume']>>().toEqualTypeOf<[reason?: PauseReason]>();
  expectTypeOf(PauseReason.Hook).toExtend<PauseReason>();
  expectTypeOf<3>().not.toExtend<PauseReason>();
});
