/** Whether an answer is still to come: by a promise, of this realm or another, or by what is awaited like one. */
export function isPromise<T>(answer: T | PromiseLike<T>): answer is PromiseLike<T> {
  return typeof (answer as { readonly then?: unknown } | null | undefined)?.then === 'function';
}
