/** Whether a hook has answered by a promise: of this realm or another, or what is awaited like one. */
export function isPromise(answer: unknown): answer is PromiseLike<unknown> {
  return typeof (answer as { readonly then?: unknown } | null | undefined)?.then === 'function';
}

/** Nobody waits for a promise: what it is rejected with would end the process. */
export function ignore(promise: PromiseLike<unknown>): void {
  Promise.resolve(promise).catch(() => {});
}
