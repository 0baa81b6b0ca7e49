import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Example, runToEnd, startExample } from '../run-example.suite.ts';

let example: Example;
beforeAll(async () => {
  example = await startExample('playground/server.js');
});
afterAll(() => example.stop());

/** Sends the path as it is: fetch would take the dots out. */
async function get(path: string, method = 'GET'): Promise<{ status: number | undefined; type: string; body: string }> {
  const sent = request({ host: '127.0.0.1', port: example.port, path, method });
  sent.end();
  const [response] = await once(sent, 'response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, type: response.headers['content-type'], body };
}

describe('what it serves', () => {
  test('the page, under a policy that lets nothing else in', async () => {
    const response = await fetch(`${example.address}/`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(await response.text()).toContain('<title>WebSocket playground</title>');
  });

  test('everything that the page names, and what its modules import', async () => {
    const seen = new Set<string>(['/']);
    for (const path of seen) {
      const { status, type, body } = await get(path);
      expect([path, status]).toEqual([path, 200]);
      if (path.endsWith('.js')) expect(type).toBe('text/javascript; charset=utf-8');
      if (path.endsWith('.css')) expect(type).toBe('text/css; charset=utf-8');
      for (const [, name = ''] of body.matchAll(/(?:(?:href|src)="|from '|^import ')([./][^"']*)/gm)) {
        seen.add(new URL(name, `${example.address}${path}`).pathname);
      }
    }
    expect(seen.size).toBeGreaterThan(10);
  });

  test('the build of @ws/codec itself', async () => {
    const built = readFileSync(fileURLToPath(import.meta.resolve('@ws/codec')), 'utf8');
    expect((await get('/codec/index.js')).body).toBe(built);
    expect((await get('/')).body).toContain('{ "imports": { "@ws/codec": "/codec/index.js" } }');
  });

  test('no file but those', async () => {
    for (const path of [
      '/server.js',
      '/page/../server.js',
      '/page/..%2fserver.js',
      '/page/%2e%2e/server.js',
      '/codec/../../package.json',
      '/../../../../../../etc/passwd',
      '//etc/passwd',
      '/page/',
      '/page/nothing.js',
      '/page/index.html%00.js',
      '/__proto__',
      '/constructor',
    ]) {
      expect([path, (await get(path)).status]).toEqual([path, 404]);
    }
  });

  test('to GET and HEAD only', async () => {
    expect(await get('/', 'HEAD')).toMatchObject({ status: 200, body: '' });
    expect(await get('/', 'POST')).toMatchObject({ status: 405 });
    expect((await get('/?query')).status).toBe(200);
  });
});

describe('a port that it cannot have', () => {
  test('is one line, and exit code 1, if another program has it', async () => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, output } = await runToEnd('playground/server.js', { PORT: `${port}`, HOST: '' });
    other.close();
    expect(code).toBe(1);
    expect(output).toBe(
      `Port ${port} is in use by another program. Choose another one: PORT=${port === 65_535 ? 8080 : port + 1} npm start\n`,
    );
  });

  test.each(['abc', '65536', '-1', '80.5', '0x50', ' 80'])(
    'is one line, and exit code 1, if it is %j',
    async (PORT) => {
      const { code, output } = await runToEnd('playground/server.js', { PORT, HOST: '' });
      expect(code).toBe(1);
      expect(output).toBe(
        `PORT must be a number from 0 to 65535, and it is "${PORT}". For example: PORT=8081 npm start\n`,
      );
    },
  );

  test('and so for an address that is not of this machine', async () => {
    const { code, output } = await runToEnd('playground/server.js', { PORT: '0', HOST: '203.0.113.1' });
    expect(code).toBe(1);
    expect(output).toBe(
      'HOST must be an address of this machine, and it is "203.0.113.1". Leave it out for 127.0.0.1\n',
    );
  });
});
