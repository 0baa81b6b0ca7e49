import { isPromise } from '@ws/connection';

/**
 * Returns the answer of a hook that is not awaited: a promise would be taken for a yes, whatever it resolves to.
 *
 * @param instead what the error says
 * @throws TypeError for a promise
 */
export function answerAtOnce(answer: unknown, instead: string): unknown {
  if (!isPromise(answer)) return answer;
  // Unhandled, what it is rejected with would end the process.
  Promise.resolve(answer).catch(() => {});
  throw new TypeError(instead);
}
