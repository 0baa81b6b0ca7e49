/** What befalls a connection in the fault pipe, some time. */

/**
 * @typedef {import('@ws/testkit/fault-pipe').FaultConnection} FaultConnection
 * @typedef {import('@ws/testkit').Random} Random
 */

/** A connection goes well for so long at the most, in milliseconds; one in ten meets its fault in the handshake. */
const GOES_WELL = 20_000;
const HANDSHAKE = 20;
/** The longest stall: over heartbeat's interval and timeout together. */
const STALL = 60_000;
/** What is still there so long after a half-close or garbage is cut off: longer than the server's close timeout. */
const AFTERWARDS = 5000;

/**
 * The faults that cut a stream short, but change no byte of it: what came before is judged. Each returns after how many
 * milliseconds the connection is cut off.
 *
 * @type {Record<string, (connection: FaultConnection, random: Random) => number>}
 */
export const CUTS = {
  reset(connection, random) {
    if (random.oneIn(2)) connection.reset();
    else connection.resetTarget();
    return 0;
  },
  'half-closed'({ toTarget, toClient }, random) {
    if (random.oneIn(2)) toTarget.end();
    else toClient.end();
    return AFTERWARDS;
  },
  stalled({ toTarget, toClient }, random) {
    const flows = random.pick([[toTarget], [toClient], [toTarget, toClient]]);
    for (const flow of flows) flow.stall();
    const time = random.below(STALL);
    if (random.oneIn(2)) return time;
    setTimeout(() => {
      for (const flow of flows) flow.resume();
    }, time);
    return time + AFTERWARDS;
  },
};

/** @type {typeof CUTS} */
export const GARBAGE = {
  garbage({ toTarget, toClient }, random) {
    const flow = random.oneIn(4) ? toClient : toTarget;
    flow.inject(random.bytes(1 + random.below(2000)));
    return AFTERWARDS;
  },
};

/**
 * Lets one of the faults happen to a connection, and cuts it off after that. Some connections are slow before: a small
 * piece at a time.
 *
 * @param {FaultConnection} connection
 * @param {Random} random
 * @param {typeof CUTS} faults
 * @param {(name: string) => void} happens
 */
export function planFault(connection, random, faults, happens) {
  if (random.oneIn(8)) connection.toTarget.pieceSize = 1 + random.below(1000);
  setTimeout(
    () => {
      const name = random.pick(Object.keys(faults));
      happens(name);
      setTimeout(() => connection.destroy(), faults[name]?.(connection, random));
    },
    random.below(random.oneIn(10) ? HANDSHAKE : GOES_WELL),
  );
}
