/**
 * An echo over TLS, with a certificate of one's own:
 *
 *   openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost \
 *     -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
 *     -keyout key.pem -out cert.pem
 *   deno run --allow-net --allow-read --allow-env=PORT deno/wss.ts cert.pem key.pem
 *   NODE_EXTRA_CA_CERTS=cert.pem npx wscat -c wss://localhost:8443
 */
import { serve } from '@ws/deno-adapter';

const [certFile = 'cert.pem', keyFile = 'key.pem'] = Deno.args;

serve(
  {
    port: Number(Deno.env.get('PORT') ?? 8443),
    hostname: '127.0.0.1',
    cert: await Deno.readTextFile(certFile),
    key: await Deno.readTextFile(keyFile),
    onListen: (address) => console.log(`Listening at wss://${address.hostname}:${address.port}`),
  },
  async (socket) => {
    for await (const { data } of socket) await socket.send(data);
  },
);
