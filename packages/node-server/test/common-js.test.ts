import { expect, test } from 'vitest';
import { run } from './child.suite.ts';

test('require: the class with its constants, as of ws, and all else on it', async () => {
  const child = run(`
    import { createRequire } from 'node:module';
    const require = createRequire(process.cwd() + '/');
    const WebSocket = require('@ws/node-server');
    const all = await import('@ws/node-server');
    const missing = Object.keys(all).filter((name) => name !== 'default' && name !== 'module.exports' && WebSocket[name] !== all[name]);
    console.log(JSON.stringify([WebSocket === all.default, WebSocket.name, WebSocket.OPEN, WebSocket.Server.name, missing]));
  `);
  expect(JSON.parse(await child.line())).toEqual([true, 'WebSocket', 1, 'WebSocketServer', []]);
});
