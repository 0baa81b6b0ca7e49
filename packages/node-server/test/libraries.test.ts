/** What others have built on the server of `ws`, on this one, with their own clients: docs/coming-from-ws.md. */
import { once } from 'node:events';
import { Server as SocketServer } from 'socket.io';
import { io } from 'socket.io-client';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from '../src/server.ts';
import { run } from './child.suite.ts';
import { listen } from './serve.suite.ts';

test('graphql-ws: a query, a subscription, and a client that is refused; it sets handleProtocols on the options', async () => {
  // In a process of its own: graphql refuses to be loaded twice, as Vitest would.
  const child = run(`
    import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
    import { createClient } from 'graphql-ws';
    import { useServer } from 'graphql-ws/use/ws';
    import { WebSocket } from 'ws';
    import { WebSocketServer } from '@ws/node-server';

    const schema = new GraphQLSchema({
      query: new GraphQLObjectType({ name: 'Query', fields: { hello: { type: GraphQLString, resolve: () => 'world' } } }),
      subscription: new GraphQLObjectType({
        name: 'Subscription',
        fields: {
          greet: {
            type: GraphQLString,
            async *subscribe() {
              for (const greet of ['Hi', 'Hola']) yield { greet };
            },
          },
        },
      }),
    });
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/graphql' });
    await new Promise((resolve) => server.on('listening', resolve));
    const disposable = useServer({ schema, onConnect: ({ connectionParams }) => connectionParams === undefined }, server);
    const options = { url: 'ws://127.0.0.1:' + server.address().port + '/graphql', webSocketImpl: WebSocket, retryAttempts: 0 };
    const client = createClient(options);
    for (const query of ['{ hello }', 'subscription { greet }']) {
      for await (const { data } of client.iterate({ query })) console.log(JSON.stringify(data));
    }
    const refused = createClient({ ...options, connectionParams: { token: 'wrong' } });
    await refused.iterate({ query: '{ hello }' }).next().catch(({ code, reason }) => console.log(code, reason));
    await client.dispose();
    await disposable.dispose();
  `);
  const lines = [];
  for (let i = 0; i < 4; i++) lines.push(await child.line());
  expect(lines).toEqual(['{"hello":"world"}', '{"greet":"Hi"}', '{"greet":"Hola"}', '4403 Forbidden']);
  expect([await child.exit, child.errors()]).toEqual([0, '']);
});

for (const transports of [['websocket'], ['polling', 'websocket']]) {
  test(`socket.io, by ${transports.join(' and then ')}: events both ways, binary, acknowledgements, rooms, an end`, async () => {
    const { server: http, port } = await listen();
    const server = new SocketServer(http, { wsEngine: WebSocketServer as never });
    onTestFinished(() => void server.close());
    const reasons: string[] = [];
    server.on('connection', (socket) => {
      socket.join('room');
      socket.on('echo', (data, answer) => answer(data));
      socket.on('disconnect', (reason) => reasons.push(reason));
    });
    const client = io(`http://127.0.0.1:${port}`, { transports, reconnection: false });
    onTestFinished(() => void client.disconnect());
    const upgraded =
      transports.length === 1 ? undefined : new Promise((resolve) => client.io.engine.once('upgrade', resolve));
    await new Promise<void>((resolve, reject) => client.on('connect', resolve).on('connect_error', reject));
    await upgraded;
    expect(client.io.engine.transport.name).toBe('websocket');
    expect(await client.emitWithAck('echo', { a: 'grüße' })).toEqual({ a: 'grüße' });
    const bytes = Buffer.alloc(300_000, 7);
    expect(Buffer.compare(await client.emitWithAck('echo', bytes), bytes)).toBe(0);
    const heard = new Promise((resolve) => client.once('news', resolve));
    server.to('room').emit('news', 'for the room');
    expect(await heard).toBe('for the room');
    const [socket] = await server.fetchSockets();
    const gone = once(server.sockets.sockets.get(socket!.id) as never, 'disconnect');
    client.disconnect();
    await gone;
    expect(reasons).toEqual(['client namespace disconnect']);
  });
}
