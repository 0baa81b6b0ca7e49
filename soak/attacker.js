/** One attack, until it is stopped. */
import { ATTACKS, done } from './attacks.js';
import { answer, options } from './programs.js';

/** @type {{ port: number, attack: string, connections: number }} */
const { port, attack, connections } = options();
ATTACKS[attack]?.(port, connections);
answer({ done: () => done });
