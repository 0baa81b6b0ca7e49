/** What workerd runs, by `workerd test`: no port, no request. */
import { runSuite } from '../suite/codec.suite.js';

/** @type {{ navigator: { userAgent: string } }} */
const { navigator } = /** @type {never} */ (globalThis);

export default {
  test() {
    console.log(JSON.stringify({ ...runSuite(), runtime: navigator.userAgent }));
  },
};
