/** The client of the example, over sockets of Node as streams; the suite's outcome is a line of JSON. */
import { connect } from 'node:net';
import { openClient } from '@ws/examples/embed/client.js';
import { runClientSuite } from '../client.suite.js';
import { streamsOf } from '../node-streams.js';
import { version } from '../version.js';

const port = Number(process.argv[2]);

const outcome = await runClientSuite(async (path, options) => {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
  return openClient(streamsOf(socket), `ws://127.0.0.1:${port}${path}`, options);
});
console.log(JSON.stringify({ ...outcome, version }));
