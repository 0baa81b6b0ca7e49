/** Several times what the doors allow for what the attacker delays, and less than what hurts. */
export const DELAY_BOUND = 5000;

/** Whether all of them become true in time. */
export async function inTime(conditions: readonly Promise<unknown>[]): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), DELAY_BOUND);
  });
  const all = Promise.all(conditions).then(() => true);
  return Promise.race([all, late]).finally(() => clearTimeout(timer));
}

/** What is told of what takes longer. */
export const slow = `over ${DELAY_BOUND / 1000} s`;
