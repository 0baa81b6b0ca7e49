/** The Worker of the example, in workerd: `workerd test` calls `test`; the suite's outcome is a line of JSON. */
import worker, { connectTo } from '@ws/examples/embed/worker.js';
import { runClientSuite } from '../client.suite.js';

/** @type {{ navigator: { userAgent: string } }} */
const { navigator } = /** @type {never} */ (globalThis);

export default {
  /** @param {unknown} _controller @param {{ ORIGIN: string }} env */
  async test(_controller, { ORIGIN }) {
    const outcome = await runClientSuite((path, options) => connectTo(`${ORIGIN}${path}`, options));
    const request = new Request('http://worker/', { method: 'POST', body: 'What a day' });
    const response = await worker.fetch(request, { CHAT: `${ORIGIN}/echo/x` });
    if ((await response.text()) !== 'What a day') outcome.failures.push('the example does not answer what it should');
    console.log(JSON.stringify({ ...outcome, version: navigator.userAgent }));
  },
};
