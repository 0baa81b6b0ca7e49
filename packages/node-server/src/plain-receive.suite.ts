/** Takes from Node what `shared-receive.ts` needs, so that the same tests run over the 'data' events of sockets. */
import { createServer, type Server } from 'node:net';

const server = createServer().listen(0) as Server & { readonly _handle?: object };
let holder: object | null | undefined = server._handle;
while (holder && !Object.hasOwn(holder, 'useUserBuffer')) holder = Object.getPrototypeOf(holder);
server.close();
if (!holder) throw new Error('this Node has no useUserBuffer: the suite has run over the "data" events anyway');
Reflect.deleteProperty(holder, 'useUserBuffer');
