/** The server in a page of the example, and a client beside it: both are what the suites ask for. */
import { echoInPage, serveInPage } from '@ws/examples/embed/page.js';
import { runClientSuite } from '../client.suite.js';
import { behave } from '../servers/behave.js';

const connect = serveInPage(({ socket, request }) => behave(socket, request.target));

Object.assign(globalThis, {
  run: () => runClientSuite((path, options) => connect(`ws://in.page${path}`, options)),
  echoInPage,
});
