import { type Attack, type Outcome, verdict } from './attack.suite.ts';
import { connectionAttacks } from './connection.suite.ts';
import { frameAttacks } from './frames.suite.ts';
import { handshakeAttacks } from './handshake.suite.ts';
import { memoryAttacks } from './memory.suite.ts';
import type { Subject } from './subjects.ts';
import { Target } from './target.suite.ts';

/** The catalogue: an entry for each known way in which a peer has brought a WebSocket server down, or got round it. */
export const attacks: readonly Attack[] = [
  ...frameAttacks,
  ...memoryAttacks,
  ...handshakeAttacks,
  ...connectionAttacks,
];

/** The rows that no peer can bring about, why, and the tests of theirs. */
export const elsewhere: Readonly<Record<string, string>> = {
  M8: 'limits that are no numbers are the doing of the operator: node-server/src/options.test.ts, test/load.test.ts',
  H10: 'two servers on one http server are the doing of the application: node-server/test/shared-http.test.ts',
};

/** No attack takes as long, where the server does anything at all. */
const MOST_MILLISECONDS = 30_000;

/** Attacks a server with one entry after the other; one that is not what it was is started anew. */
export class Siege {
  readonly #subject: Subject;
  #target: Target | undefined;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  /** What becomes of the server: it has to serve others afterwards, and nobody's listener may have been missed. */
  async attack({ run, alone, throws, last }: Attack): Promise<Outcome> {
    if (alone) await this.end();
    const target = (this.#target ??= await Target.start(this.#subject));
    try {
      const before = (await target.report()).uncaught.length;
      const outcome = await this.#within(run(target));
      target.disconnect();
      if (last) return outcome;
      await target.serves();
      const [uncaught] = (await target.report()).uncaught.slice(before);
      if (!throws && uncaught !== undefined) return verdict(false, `would end the process: ${uncaught}`);
      return outcome;
    } catch (error) {
      return verdict(false, String((error as Error).message).split('\n', 1)[0]!);
    } finally {
      target.disconnect();
      if (alone || last || !target.alive) await this.end();
    }
  }

  /** The outcome, or that there is none. The server is gone then, and with it whatever waits for it. */
  async #within(outcome: Promise<Outcome>): Promise<Outcome> {
    const timer = setTimeout(() => this.end(), MOST_MILLISECONDS);
    return outcome.finally(() => clearTimeout(timer));
  }

  async end(): Promise<void> {
    const target = this.#target;
    this.#target = undefined;
    await target?.end();
  }
}
