/**
 * The house has one direction of imports, and this check keeps it:
 *
 *   adapter -> connection -> codec        adapter -> handshake        adapter -> permessage-deflate -> connection
 *
 * permessage-deflate depends on connection, whose extensions it makes, and reads its options by the same words.
 * An adapter may also import the codec itself: it lends it what its runtime has, and hands its errors on.
 *
 * Usage: node scripts/check-imports.js [repository]
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readSource } from './read-imports.js';
import { FOLDERS } from './run.js';

/**
 * The packages, and what the sources of each may import of the house: `types` only by `import type`.
 * `pure`: no I/O, clock, random source or runtime; whoever needs one gets it as a parameter.
 *
 * @typedef {{ pure: boolean, imports: readonly string[], types: readonly string[] }} Rule
 * @type {ReadonlyMap<string, Rule>}
 */
const PACKAGES = new Map([
  ['codec', { pure: true, imports: [], types: [] }],
  ['handshake', { pure: true, imports: [], types: [] }],
  ['connection', { pure: true, imports: ['codec'], types: [] }],
  ['permessage-deflate', { pure: false, imports: ['connection'], types: ['handshake'] }],
  ['node-server', { pure: false, imports: ['codec', 'connection', 'handshake', 'permessage-deflate'], types: [] }],
  ['deno-adapter', { pure: false, imports: ['codec', 'connection', 'handshake', 'permessage-deflate'], types: [] }],
  ['testkit', { pure: false, imports: [], types: [] }],
]);

/**
 * Only tests, the fuzzer and the soak import it. Tests may import their own package too, and as values what their
 * sources import as types.
 */
const TESTKIT = 'testkit';

/**
 * What a pure package does not touch. The compiler misses most of these names there (`types: []`), but neither what
 * ECMAScript itself brings nor what a stray `declare` claims.
 */
const IMPURE = new Set(
  `Buffer NodeJS process global require __dirname __filename Deno Bun window document navigator console crypto
   performance fetch setTimeout setInterval setImmediate queueMicrotask Date Math.random`.split(/\s+/),
);

const TEST_FILE = /\.(test|suite)\.[jt]s$/;

/**
 * A folder with a package.json, and the source files that belong to it.
 *
 * @typedef {Record<string, string>} Versions
 * @typedef {{ name: string, exports?: Record<string, unknown>, dependencies?: Versions, peerDependencies?: Versions,
 *   devDependencies?: Versions }} Manifest
 * @typedef {{ dir: string, short: string, manifest: Manifest, rule: Rule | undefined, files: string[] }} Unit
 *
 * `source`: what a package ships. `other`: examples, benchmarks, scripts and the tools' configuration.
 * @typedef {{ path: string, unit: Unit, kind: 'source' | 'test' | 'other' }} SourceFile
 * @typedef {{ root: string, units: Unit[] }} House
 * @typedef {{ file: string, line: number, text: string }} Problem
 */

/**
 * @param {string} root the repository
 * @returns {Problem[]} what is wrong, with paths relative to the root
 */
export function checkImports(root) {
  const house = readHouse(root);
  /** @type {Problem[]} */
  const problems = [];
  for (const unit of house.units) {
    if (isPackage(house, unit) && unit.rule === undefined) {
      const text =
        'this package has no line in the table of directions: add one at the top of scripts/check-imports.js';
      problems.push({ file: join(unit.dir, 'package.json'), line: 1, text });
    }
    for (const path of unit.files) {
      const isSource = isPackage(house, unit) && path.startsWith(join(unit.dir, 'src') + sep);
      const kind = TEST_FILE.test(path) ? 'test' : isSource ? 'source' : 'other';
      problems.push(...checkFile(house, { path, unit, kind }));
    }
    if (isPackage(house, unit)) problems.push(...checkCycles(unit));
  }
  return problems.map((problem) => ({ ...problem, file: relative(root, problem.file) }));
}

/**
 * @param {House} house
 * @param {SourceFile} file
 * @returns {Problem[]}
 */
function checkFile(house, file) {
  const { imports, globals } = readSource(file.path);
  /** @type {Problem[]} */
  const problems = [];
  for (const { specifier, typeOnly, line } of imports) {
    const text = checkImport(house, file, specifier, typeOnly);
    if (text !== undefined) problems.push({ file: file.path, line, text });
  }
  if (file.kind === 'source' && file.unit.rule?.pure) {
    for (const { name, line } of globals(IMPURE)) {
      const text = `uses ${name} in a pure package: take what it gives (time, bytes, randomness …) as a parameter`;
      problems.push({ file: file.path, line, text });
    }
  }
  return problems;
}

/**
 * @param {House} house
 * @param {SourceFile} file
 * @param {string | undefined} specifier
 * @param {boolean} typeOnly
 * @returns {string | undefined} what is wrong and what to do
 */
function checkImport(house, file, specifier, typeOnly) {
  if (specifier === undefined) {
    return file.kind === 'source' ? 'imports a computed name, which nobody can check: write it as a string' : undefined;
  }
  if (specifier.startsWith('.')) return checkRelative(house, file, specifier);
  if (/^(\/|[a-z]+:\/\/)/.test(specifier)) return undefined; // a browser's script imports a URL
  if (file.kind === 'other' && specifier.startsWith('cloudflare:')) return undefined; // a Worker's builtin
  if (isBuiltin(specifier)) {
    if (file.kind !== 'source' || !file.unit.rule?.pure) return undefined;
    return `imports ${specifier} in a pure package: let the adapter pass in what it needs`;
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  const target = house.units.find((unit) => isPackage(house, unit) && unit.manifest.name === name);
  if (target !== undefined) {
    const wrong = checkDirection(file, target, typeOnly);
    if (wrong !== undefined) return wrong;
    if (!isExported(target.manifest, `.${specifier.slice(name.length)}`)) {
      return `imports ${specifier}, which ${name} does not export: import what it exports, or export it there`;
    }
    if (target === file.unit) return undefined;
  }
  return checkDeclared(house, file, name);
}

/**
 * @param {Manifest} manifest
 * @param {string} subpath
 */
function isExported({ exports = {} }, subpath) {
  return Object.keys(exports).some((key) => {
    const [before = '', after] = key.split('*');
    return after === undefined ? key === subpath : subpath.startsWith(before) && subpath.endsWith(after);
  });
}

/**
 * @param {House} house
 * @param {SourceFile} file
 * @param {string} specifier
 */
function checkRelative({ root }, { path, unit, kind }, specifier) {
  const target = resolve(dirname(path), specifier);
  const [top, owner] = relative(root, target).split(sep);
  if (top === 'packages' && owner !== undefined && join(root, top, owner) !== unit.dir) {
    return `reaches into packages/${owner} by a path: import it by its package's name`;
  }
  if (kind !== 'other' && !target.startsWith(unit.dir + sep)) {
    return `imports ${specifier} from outside its package, where it is missing once installed: move it into the package`;
  }
  if (kind === 'source' && TEST_FILE.test(specifier)) {
    return `imports the test file ${specifier}: move what it needs into a source file`;
  }
  // What a runtime runs as it is, without a build, is JavaScript.
  if (path.endsWith('.ts') && !specifier.endsWith('.ts') && !existsSync(target)) {
    return `imports ${specifier}: a relative import names its file in full, with .ts at its end`;
  }
  return undefined;
}

/**
 * @param {SourceFile} file
 * @param {Unit} target a package of the house
 * @param {boolean} typeOnly
 */
function checkDirection({ unit, kind }, target, typeOnly) {
  const name = target.manifest.name;
  if (target === unit) {
    return kind === 'test' ? undefined : `imports ${name}, its own package, by name: use a relative path`;
  }
  if (target.short === TESTKIT) {
    if (kind !== 'test' && unit.short !== 'fuzz' && unit.short !== 'soak')
      return `imports ${name}, which is for tests only: move what it needs into a package`;
    if (unit.short !== TESTKIT) return undefined;
  }
  const { rule } = unit;
  if (rule === undefined || rule.imports.includes(target.short)) return undefined;
  if (rule.types.includes(target.short)) {
    if (typeOnly || kind === 'test') return undefined;
    return `imports values of ${name}, of which ${unit.short} may only see the types: write \`import type\``;
  }
  const may = [...rule.imports, ...rule.types.map((short) => `the types of ${short}`)].join(', ') || 'nothing';
  return `imports ${name}, against the direction of the house: ${unit.short} may import ${may} of it. Pass it in as a parameter, or move the code`;
}

/**
 * @param {House} house
 * @param {SourceFile} file
 * @param {string} name of an npm package
 */
function checkDeclared({ root }, { unit, kind }, name) {
  const { dependencies, peerDependencies, devDependencies } = unit.manifest;
  const shipped = { ...dependencies, ...peerDependencies };
  if (Object.hasOwn(kind === 'source' ? shipped : { ...shipped, ...devDependencies }, name)) return undefined;
  const where = relative(root, join(unit.dir, 'package.json'));
  return `imports ${name}, which is not in the ${kind === 'source' ? '' : 'devDependencies or '}dependencies of ${where}: add it there`;
}

/**
 * Files that import each other have no order in which to read them; a cycle of types alone is one as well.
 *
 * @param {Unit} unit
 * @returns {Problem[]}
 */
function checkCycles(unit) {
  /** @type {Problem[]} */
  const problems = [];
  /** @type {Set<string>} */
  const done = new Set();
  /** @param {string} path @param {string[]} trail */
  const follow = (path, trail) => {
    if (done.has(path) || !unit.files.includes(path)) return;
    for (const { specifier, line } of readSource(path).imports) {
      if (!specifier?.startsWith('.')) continue;
      const next = resolve(dirname(path), specifier);
      const start = [...trail, path].indexOf(next);
      if (start === -1) {
        follow(next, [...trail, path]);
      } else {
        const ring = [...[...trail, path].slice(start), next].map((step) => basename(step)).join(' -> ');
        const text = `imports in a circle, ${ring}: move what both need into a file of its own`;
        problems.push({ file: path, line, text });
      }
    }
    done.add(path);
  };
  for (const path of unit.files) follow(path, []);
  return problems;
}

/**
 * @param {string} root
 * @returns {House}
 */
function readHouse(root) {
  const packages = join(root, 'packages');
  const inPackages = existsSync(packages) ? readdirSync(packages).map((name) => join(packages, name)) : [];
  const folders = FOLDERS.map((name) => join(root, name));
  const isUnit = (/** @type {string} */ dir) => existsSync(join(dir, 'package.json'));
  const units = [...inPackages, ...folders].filter(isUnit).map((dir) => readUnit(root, dir, walk(dir)));
  const others = folders.filter((dir) => !isUnit(dir)).flatMap((dir) => walk(dir));
  return { root, units: [...units, readUnit(root, root, [...walk(root, false), ...others])] };
}

/**
 * @param {string} root
 * @param {string} dir
 * @param {string[]} files
 * @returns {Unit}
 */
function readUnit(root, dir, files) {
  const short = basename(dir);
  const rule = dirname(dir) === join(root, 'packages') ? PACKAGES.get(short) : undefined;
  return { dir, short, rule, files, manifest: JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) };
}

/**
 * @param {House} house
 * @param {Unit} unit
 */
function isPackage({ root }, unit) {
  return dirname(unit.dir) === join(root, 'packages');
}

/**
 * @param {string} dir
 * @param {boolean} deep
 * @returns {string[]} every source file below `dir`, built and installed ones left out
 */
function walk(dir, deep = true) {
  if (!existsSync(dir)) return [];
  const entries = readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) {
      return deep && !/^(\..*|node_modules|dist)$/.test(entry.name) ? walk(path) : [];
    }
    return /\.[mc]?[jt]s$/.test(entry.name) ? [path] : [];
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const problems = checkImports(resolve(process.argv[2] ?? '.'));
  for (const { file, line, text } of problems) console.error(`${file}:${line}: ${text}`);
  console.log(
    problems.length === 0
      ? 'check-imports: every import keeps its direction'
      : `check-imports: ${problems.length} to mend`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
}
