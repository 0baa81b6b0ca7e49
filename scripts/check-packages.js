/**
 * Every public package as a stranger gets it: packed, judged by publint and are-the-types-wrong, installed with the
 * others into an empty project outside of the repository, imported, required, and compiled against.
 *
 * Usage: node scripts/check-packages.js, after a build
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { builtinModules } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { ROOT, run, runBeside } from './run.js';

/** The types of Node's `EventEmitter` changed with 26: who has these must be able to compile as well. */
const NEWEST_NODE_TYPES = '26.6.7';

/** The oldest TypeScript that the READMEs say is enough. */
const OLDEST_TYPESCRIPT = '5.7.3';

const COMPILER_OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: true,
  target: 'es2022',
  lib: ['es2022', 'dom', 'esnext.disposable'],
  types: ['node'],
  module: 'nodenext',
};

/** CommonJS in TypeScript: the class is a type as well, and has the others on it, as that of `@types/ws`. */
const COMMON_JS_USES = [
  "import WebSocket = require('@ws/node-server');",
  "import WebSocket from '@ws/node-server';",
].map(
  (line) => `${line}
const server = new WebSocket.Server<number>({ port: 0 } satisfies WebSocket.ServerOptions);
const echo = (socket: WebSocket<number>, data: WebSocket.RawData): boolean => socket.send(data);
server.on('connection', (socket: WebSocket.WebSocket<number>) => socket.on('message', (data) => echo(socket, data)));
export const failed = (error: unknown): error is WebSocket.HandshakeError => error instanceof WebSocket.HandshakeError;
export const close = (servers: WebSocket.WebSocketServer[]) => servers.map((each: WebSocket.Server) => each.close());
`,
);

/** @typedef {{ dir: string, name: string, tarball: string, installed: string }} Package */

let passed = 0;
let failed = 0;

/**
 * @param {string} what
 * @param {string | undefined} problem
 */
function report(what, problem) {
  if (problem === undefined) passed++;
  else failed++;
  console.log(
    problem === undefined ? `ok      ${what}` : `FAILED  ${what}\n${problem.trim().replace(/^/gm, '        ')}`,
  );
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {string} cwd
 * @returns {Promise<string | undefined>} the output of a failure
 */
async function failureOf(program, args, cwd = ROOT) {
  const { ok, output } = await runBeside(program, args, { cwd });
  return ok ? undefined : output;
}

/**
 * As many at a time as there are cores: each is a compiler of its own.
 *
 * @template T
 * @param {readonly T[]} all
 * @param {(each: T) => Promise<void>} check
 */
async function forEach(all, check) {
  const waiting = all.values();
  const takeAll = async () => {
    for (const each of waiting) await check(each);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, takeAll));
}

/**
 * @param {string} project an empty folder
 * @returns {Promise<Package[]>}
 */
async function packAll(project) {
  const folders = readdirSync(join(ROOT, 'packages')).map((name) => join(ROOT, 'packages', name));
  // Vitest keeps a cache beside them, for `npm run rows`.
  const dirs = folders.filter((dir) => existsSync(join(dir, 'package.json')));
  const packages = dirs.flatMap((dir) => {
    const { name, version, private: isPrivate } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
    if (isPrivate) return [];
    const tarball = join(project, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
    return [{ dir, name, tarball, installed: join(project, 'node_modules', name) }];
  });
  await forEach(packages, async ({ dir, name }) => {
    report(`${name}: packs`, await failureOf('pnpm', ['pack', '--pack-destination', project], dir));
  });
  return packages;
}

/** @param {Package} pkg */
async function checkTarball({ name, tarball }) {
  report(`${name}: publint`, await failureOf('publint', ['run', tarball, '--strict']));
  report(`${name}: are the types wrong`, await failureOf('attw', [tarball, '--profile', 'esm-only', '--no-color']));
}

/**
 * `overrides` have a package's own dependencies come out of the tarballs as well, never from a registry.
 *
 * @param {string} project
 * @param {Package[]} packages
 */
async function installAll(project, packages) {
  const house = Object.fromEntries(packages.map(({ name, tarball }) => [name, `file:${tarball}`]));
  const nodeTypes = JSON.parse(readFileSync(join(ROOT, 'node_modules/@types/node/package.json'), 'utf8')).version;
  write(project, 'package.json', {
    name: 'stranger',
    private: true,
    dependencies: { ...house, '@types/node': nodeTypes },
    overrides: Object.fromEntries(packages.map(({ name }) => [name, `$${name}`])),
  });
  const failure = await failureOf(
    'npm',
    ['install', '--ignore-scripts', '--prefer-offline', '--loglevel=error'],
    project,
  );
  report('all of them install into an empty project', failure);
  if (failure !== undefined) return;
  const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8'));
  const strangers = Object.entries(lock.packages)
    .filter(([path, { resolved }]) => /node_modules\/@ws\/[^/]+$/.test(path) && !String(resolved).startsWith('file:'))
    .map(([path]) => path);
  report('none of them came from a registry', strangers.length === 0 ? undefined : strangers.join('\n'));
}

/** @param {Package} pkg */
function checkContents({ name, installed }) {
  const files = walk(installed);
  /** @type {string[]} */
  const problems = [];
  for (const file of ['dist/index.js', 'dist/index.d.ts', 'dist/index.js.map', 'README.md', 'LICENSE']) {
    if (!files.includes(file)) problems.push(`${file} is missing`);
  }
  for (const file of files) {
    if (/\.(test|suite)\.|(^|\/)(\.turbo|\.reports|vitest\.config|tsup\.config)/.test(file)) {
      problems.push(`${file} is for the repository only: leave it out in "files"`);
    }
    if (file.endsWith('.js')) problems.push(...ambiguousImports(installed, file));
    if (file.endsWith('.map')) problems.push(...lostSources(installed, file));
  }
  const manifest = readFileSync(join(installed, 'package.json'), 'utf8');
  if (/"(workspace|catalog|file|link):/.test(manifest))
    problems.push('package.json names a version that exists only in the repository');
  report(`${name}: the tarball holds what it should`, problems.length === 0 ? undefined : problems.join('\n'));
}

/**
 * Without `node:`, a bundler takes the package of npm that has the same name, or warns of it.
 *
 * @param {string} installed
 * @param {string} file
 * @returns {string[]}
 */
function ambiguousImports(installed, file) {
  const imports = [...readFileSync(join(installed, file), 'utf8').matchAll(/^import .*['"](.+)['"];$/gm)];
  return imports
    .filter(([, name = '']) => builtinModules.includes(name))
    .map(([, name]) => `${file} imports '${name}': 'node:${name}' is meant`);
}

/**
 * @param {string} installed
 * @param {string} map
 * @returns {string[]}
 */
function lostSources(installed, map) {
  const { sources = [], sourcesContent = [], sourceRoot = '' } = JSON.parse(readFileSync(join(installed, map), 'utf8'));
  return sources
    .filter((/** @type {string} */ source, /** @type {number} */ index) => {
      const path = resolve(installed, dirname(map), sourceRoot, source);
      return !sourcesContent[index] && !(path.startsWith(installed) && existsSync(path));
    })
    .map((/** @type {string} */ source) => `${map} points to ${source}, which is not in the package`);
}

/**
 * @param {string} project
 * @param {Package} pkg
 */
function checkLoads(project, { name }) {
  const imports = `console.log(Object.keys(await import(${JSON.stringify(name)})).length > 0)`;
  const esm = run('node', ['--input-type=module', '--eval', imports], { quiet: true, cwd: project });
  report(`${name}: import`, esm.ok ? undefined : esm.output);
  if (!('require_module' in process.features && process.features.require_module)) {
    console.log(`        ${name}: this Node cannot require() ES modules`);
    return;
  }
  // What an import has by name, or what a package gives by the name that Node asks for, with all of them on it.
  const requires = `import(${JSON.stringify(name)}).then((imported) => {
    const required = require(${JSON.stringify(name)});
    const names = Object.keys(imported).filter((key) => key !== 'default' && key !== 'module.exports');
    console.log(names.length > 0 && names.every((key) => required[key] === imported[key]));
  })`;
  const cjs = run('node', ['--no-warnings', '--input-type=commonjs', '--eval', requires], {
    quiet: true,
    cwd: project,
  });
  report(
    `${name}: require()`,
    cjs.ok && cjs.output === esm.output ? undefined : `${cjs.output}\ninstead of\n${esm.output}`,
  );
}

/**
 * A package that says nothing of Node in its types compiles where there are no types of Node; nor of the web, without
 * those.
 *
 * @param {string} project
 * @param {Package} pkg
 * @param {boolean} newest whether the newest types of Node are there
 */
async function checkTypes(project, { name, installed }, newest) {
  const declarations = readFileSync(join(installed, 'dist/index.d.ts'), 'utf8');
  const usesNode = /from ['"]node:/.test(declarations);
  if (newest && !usesNode) return;
  const usesWeb = /: (AbortSignal|Request)\b/.test(declarations);
  for (const moduleResolution of ['nodenext', 'bundler']) {
    const folder = join(project, `${name.replace(/\W/g, '')}-${moduleResolution}${newest ? '-newest' : ''}`);
    mkdirSync(folder);
    write(folder, 'package.json', { type: 'module' });
    writeFileSync(
      join(folder, 'use.ts'),
      `import * as used from '${name}';\nexport * from '${name}';\nexport default used;\n`,
    );
    write(folder, 'tsconfig.json', {
      compilerOptions: {
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        exactOptionalPropertyTypes: true,
        target: 'es2022',
        lib: ['es2022', ...(usesWeb ? ['dom', 'esnext.disposable'] : [])],
        types: usesNode ? ['node'] : [],
        module: moduleResolution === 'bundler' ? 'esnext' : moduleResolution,
        moduleResolution,
      },
    });
    report(
      `${name}: types${newest ? ` with those of Node ${NEWEST_NODE_TYPES}` : ''}, moduleResolution ${moduleResolution}`,
      await failureOf('tsc', ['--project', folder]),
    );
  }
}

/**
 * An application that emits declarations: what TypeScript writes there must be exported by the package that is imported,
 * since with `node_modules` as pnpm lays them out, it finds no other (TS2742).
 *
 * @param {string} project
 * @param {Package} pkg
 */
async function checkDeclarations(project, { name, installed }) {
  const folder = mkdtempSync(join(tmpdir(), 'check-packages-'));
  try {
    for (const linked of [name, '@types/node']) {
      mkdirSync(dirname(join(folder, 'node_modules', linked)), { recursive: true });
      symlinkSync(join(project, 'node_modules', linked), join(folder, 'node_modules', linked));
    }
    write(folder, 'package.json', { type: 'module' });
    writeFileSync(join(folder, 'use.ts'), `import type * as used from '${name}';\n${inferredFrom(installed)}`);
    write(folder, 'tsconfig.json', {
      compilerOptions: { ...COMPILER_OPTIONS, declaration: true, emitDeclarationOnly: true, outDir: 'out' },
      files: ['use.ts'],
    });
    const failure = await failureOf('tsc', ['--project', folder]);
    const written = failure === undefined ? readFileSync(join(folder, 'out/use.d.ts'), 'utf8') : '';
    const others = [...written.matchAll(/import\("(@ws\/[^"]+)"\)\.\w+/g)].filter(([, from]) => from !== name);
    const missing = [...new Set(others.map(([type]) => `export this type as well: ${type}`))].join('\n');
    report(`${name}: its types can be named without those it depends on`, failure ?? (missing || undefined));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Has TypeScript infer the types of what each exported function returns, and of all members of each exported class and
 * interface.
 *
 * @param {string} installed
 * @returns {string} a line for each
 */
function inferredFrom(installed) {
  const entry = realpathSync(join(installed, 'dist/index.d.ts'));
  const program = ts.createProgram([entry], { module: ts.ModuleKind.NodeNext, types: [] });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(/** @type {ts.SourceFile} */ (program.getSourceFile(entry)));
  const named = checker
    .getExportsOfModule(/** @type {ts.Symbol} */ (module))
    .filter(({ name }) => /^[A-Z]\w*$/i.test(name));
  return named
    .filter(({ name }) => name !== 'default')
    .map((exported) => {
      const { name } = exported;
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      if (symbol.flags & ts.SymbolFlags.Function) {
        return `export const ${name} = (f: typeof used.${name}, ...args: Parameters<typeof f>) => f(...args);\n`;
      }
      if (!(symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface))) return '';
      const type = /** @type {ts.InterfaceType} */ (checker.getDeclaredTypeOfSymbol(symbol));
      const parameters = type.typeParameters?.map(() => 'any') ?? [];
      const members = type.getProperties().filter((member) => /^[a-z]\w*$/i.test(member.name));
      const of = parameters.length > 0 ? `<${parameters}>` : '';
      const record = members.map((member) => `${member.name}: it.${member.name}`);
      return `export const ${name} = (it: used.${name}${of}) => ({ ${record.join(', ')} });\n`;
    })
    .join('');
}

/**
 * @param {string} project
 * @param {string} what
 */
async function install(project, what) {
  const args = ['install', '--ignore-scripts', '--prefer-offline', '--loglevel=error', what];
  report(`${what} installs beside them`, await failureOf('npm', args, project));
}

/**
 * @param {string} project
 * @param {Package} pkg
 */
async function checkOldest(project, { name }) {
  const compiler = join(project, 'node_modules/typescript/bin/tsc');
  const folder = join(project, `${name.replace(/\W/g, '')}-nodenext`);
  const failure = await failureOf('node', [compiler, '--project', folder]);
  report(`${name}: types with TypeScript ${OLDEST_TYPESCRIPT}`, failure);
}

/** @param {string} project */
async function checkCommonJs(project) {
  const folder = join(project, 'common-js');
  mkdirSync(folder);
  write(folder, 'package.json', { type: 'commonjs' });
  for (const [index, use] of COMMON_JS_USES.entries()) writeFileSync(join(folder, `use-${index}.ts`), use);
  write(folder, 'tsconfig.json', { compilerOptions: { ...COMPILER_OPTIONS, noEmit: true } });
  report('@ws/node-server: types in CommonJS', await failureOf('tsc', ['--project', folder]));
}

/**
 * @param {string} folder
 * @param {string} name
 * @param {unknown} value
 */
function write(folder, name, value) {
  writeFileSync(join(folder, name), JSON.stringify(value, null, 2));
}

/**
 * @param {string} dir
 * @returns {string[]} paths relative to it
 */
function walk(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? walk(join(dir, entry.name)).map((path) => `${entry.name}/${path}`) : [entry.name],
  );
}

const project = mkdtempSync(join(tmpdir(), 'check-packages-'));
try {
  const packages = await packAll(project);
  await forEach(packages, checkTarball);
  await installAll(project, packages);
  const installed = packages.filter((pkg) => existsSync(pkg.installed));
  for (const pkg of installed) {
    checkContents(pkg);
    checkLoads(project, pkg);
  }
  await forEach(installed, (pkg) => checkTypes(project, pkg, false));
  await forEach(installed, (pkg) => checkDeclarations(project, pkg));
  await checkCommonJs(project);
  await install(project, `typescript@${OLDEST_TYPESCRIPT}`);
  await forEach(installed, (pkg) => checkOldest(project, pkg));
  await install(project, `@types/node@${NEWEST_NODE_TYPES}`);
  await forEach(installed, (pkg) => checkTypes(project, pkg, true));
} finally {
  rmSync(project, { recursive: true, force: true });
}
console.log(`check-packages: ${passed} fine, ${failed} to mend`);
process.exitCode = failed === 0 ? 0 : 1;
