/** The README's snippets are run as a reader would paste them. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { DEFENCES } from '../rows/defences.js';
import { examplesOf } from '../runtimes/readme.js';
import { FOLDERS, ROOT } from './run.js';

// Where the packages are dependencies, as they are for a reader who has installed them.
const cwd = join(ROOT, 'bench');
const [server, codec] = examplesOf(ROOT, cwd);

test('the codec snippet prints what it says', () => {
  assert.ok(codec);
  assert.deepEqual(codec.print(), codec.promised);
});

test('rows/README.md has a line for each row', () => {
  const rows = readFileSync(join(ROOT, 'rows/README.md'), 'utf8').matchAll(/^\| (\w\d+) +\|/gm);
  assert.deepEqual(
    Array.from(rows, (match) => match[1]),
    DEFENCES.map(({ row }) => row),
  );
});

test('the attacks that have the name of a row, by M and H, and the rows are the same', () => {
  const lines = readFileSync(join(ROOT, 'attacks/README.md'), 'utf8').matchAll(/^\| ([MH]\d+)/gm);
  const attacks = new Set(Array.from(lines, ([, name]) => name));
  assert.deepEqual([...attacks].sort(), DEFENCES.map(({ row }) => row).sort());
});

test('the server snippet echoes to the origin that it names, and to no other', async () => {
  // The port of the snippet may be in use here: the system chooses one, and the snippet's own server tells it.
  const code = `${server?.code.replace('port: 8080', 'port: 0')}\nserver.on('listening', () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const client = `
    import { WebSocket } from 'ws';
    const [url, origin] = process.argv.slice(-2);
    const socket = new WebSocket(url, { origin });
    socket.on('open', () => socket.send('text')).on('message', (data, isBinary) => {
      console.log(isBinary, String(data));
      if (isBinary) socket.close();
      else socket.send(Buffer.from('binary'));
    }).on('error', (error) => console.log(error.message));`;
  try {
    const [port] = await once(createInterface({ input: child.stdout }), 'line');
    const connect = (/** @type {string} */ origin) =>
      execFileSync(
        process.execPath,
        ['--input-type=module', '--eval', client, '--', `ws://127.0.0.1:${port}/echo`, origin],
        { cwd, encoding: 'utf8' },
      );
    assert.equal(connect('https://example.com'), 'false text\ntrue binary\n');
    assert.match(connect('https://example.org'), /403/);
  } finally {
    child.kill();
  }
});

test('what the README embeds anywhere is short', () => {
  const dir = join(ROOT, 'examples/embed');
  for (const name of readdirSync(dir)) {
    assert.ok(readFileSync(join(dir, name), 'utf8').split('\n').length < 60, name);
  }
});

const texts = execFileSync('git', ['ls-files', 'CONTRIBUTING.md', '*README.md', '*/docs/*.md'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  .map((name) => ({ name, folder: dirname(join(ROOT, name)), text: readFileSync(join(ROOT, name), 'utf8') }));

/** What is in a folder of the house, and any file whose name says of what kind; what only a run makes is left out. */
const PATH = new RegExp(
  `\`((?:${['packages', ...FOLDERS].join('|')})/(?!reports/)[\\w/.-]+|[\\w/.-]+/[\\w.-]+\\.(?:[cjt]s|json|md|py|sh))\``,
  'g',
);

test('the paths that CONTRIBUTING.md and the READMEs name are there', () => {
  const named = texts.flatMap(({ name, folder, text }) =>
    Array.from(text.matchAll(PATH), ([, path = '']) => ({ name, folder, path })),
  );
  assert.ok(named.length > 60);
  const isThere = (/** @type {string} */ folder, /** @type {string} */ path) => existsSync(join(folder, path));
  const missing = named.filter(({ folder, path }) => !isThere(ROOT, path) && !isThere(folder, path));
  assert.deepEqual(missing, []);
});

test('what they link to in the repository is there', () => {
  const missing = texts.flatMap(({ name, folder, text }) =>
    Array.from(text.matchAll(/\]\(([\w/.-]+)(?:#[\w-]*)?\)/g), ([, path = '']) => ({ name, path })).filter(
      ({ path }) => !existsSync(join(folder, path)),
    ),
  );
  assert.deepEqual(missing, []);
});
