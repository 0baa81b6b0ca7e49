import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Missing } from '@ws/runtimes';
import { chromium as browsers } from 'playwright-core';

const CODEC = fileURLToPath(new URL('../..', import.meta.url));
const EXECUTABLE = '/usr/bin/chromium';
const ARGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/**
 * The modules as they are, by `import`: no bundler. Debian decides which version it is.
 *
 * @type {import('./runtimes.js').Runtime}
 */
export const chromium = {
  name: 'Chromium',
  version: 'Chromium',
  async run() {
    if (!existsSync(EXECUTABLE))
      throw new Missing(`there is no ${EXECUTABLE}: \`sh scripts/install-system.sh\` installs it`);
    const server = await serve();
    try {
      const browser = await browsers.launch({ executablePath: EXECUTABLE, args: ARGS });
      try {
        const page = await browser.newPage();
        await page.goto(`${server.origin}/`);
        const outcome = await page.evaluate(async (path) => {
          const { runSuite } = await import(path);
          return runSuite();
        }, '/runtimes/suite/codec.suite.js');
        return { ...outcome, runtime: `Chromium ${browser.version()}` };
      } finally {
        await browser.close();
      }
    } finally {
      server.close();
    }
  },
};

/** An empty page, and the built package and the suite beside it. */
async function serve() {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    if (path === '/') {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>codec</title>');
    } else if (/^\/(dist|runtimes\/suite)\/[\w.-]+\.js$/.test(path) && existsSync(join(CODEC, path))) {
      response.setHeader('content-type', 'text/javascript').end(readFileSync(join(CODEC, path)));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    origin: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
