import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

/** @import { IncomingMessage, ServerResponse } from 'node:http' */

const page = new URL('page/', import.meta.url);

/**
 * Every path that is served, and its file. A request's path is looked up here and never becomes a part of a file's
 * name: there is no way out of the folder.
 *
 * @type {ReadonlyMap<string, URL>}
 */
const files = new Map([
  ['/', new URL('index.html', page)],
  ['/illegal-frames.js', new URL('illegal-frames.js', import.meta.url)],
  // What npm installs is what the page runs: no build step, no copy.
  ['/codec/index.js', new URL(import.meta.resolve('@ws/codec'))],
  ['/codec/index.js.map', new URL(`${import.meta.resolve('@ws/codec')}.map`)],
  ...(await readdir(page))
    .filter((name) => /\.(js|css|svg)$/.test(name) && !name.endsWith('.test.js'))
    .map((name) => /** @type {[string, URL]} */ ([`/page/${name}`, new URL(name, page)])),
]);

/** @type {Record<string, string>} */
const types = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  map: 'application/json',
};

const headers = {
  'Content-Security-Policy': [
    "default-src 'none'",
    // The import map has to stand in the page: it is let in by its hash.
    `script-src 'self' '${hashOfImportMap()}'`,
    "style-src 'self'",
    "img-src 'self'",
    // Our own host, by ws: and wss: as well.
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    // Strings never become HTML: the browser itself refuses innerHTML.
    "require-trusted-types-for 'script'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  // Edit a file, reload, see it.
  'Cache-Control': 'no-cache',
};

/**
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 */
export async function servePage(request, response) {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return answer(response, 405, 'Only GET and HEAD.\n', { Allow: 'GET, HEAD' });
  }
  const [path = '/'] = (request.url ?? '/').split('?');
  const file = files.get(path);
  if (file === undefined) return answer(response, 404, 'There is nothing here. The playground is at /\n');
  try {
    const body = await readFile(file);
    const type = types[file.pathname.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
    response.writeHead(200, { ...headers, 'Content-Type': type, 'Content-Length': body.length });
    response.end(request.method === 'HEAD' ? undefined : body);
  } catch (error) {
    console.error(error);
    answer(response, 500, 'The file could not be read.\n');
  }
}

/**
 * @param {ServerResponse} response
 * @param {number} status
 * @param {string} text
 * @param {Record<string, string>} more headers
 */
function answer(response, status, text, more = {}) {
  response.writeHead(status, { ...headers, 'Content-Type': 'text/plain; charset=utf-8', ...more });
  response.end(text);
}

function hashOfImportMap() {
  const html = readFileSync(new URL('index.html', page), 'utf8');
  const [, map = ''] = /<script type="importmap">(.*?)<\/script>/s.exec(html) ?? [];
  return `sha256-${createHash('sha256').update(map).digest('base64')}`;
}
