const BEGIN = '<!-- runtimes: written by `node packages/codec/runtimes/run.js --write` -->';
const END = '<!-- /runtimes -->';

/**
 * The table of the README: no times, and no versions but those that we choose, so that the same sources make the
 * same table.
 *
 * @param {readonly string[]} names of the runtimes
 * @param {number} checks of each of them
 */
export function tableOf(names, checks) {
  const figure = String(checks).replace(/\B(?=(\d{3})+$)/g, ',');
  const wide = Math.max(...names.map(({ length }) => length), 'runtime'.length);
  const row = (/** @type {string} */ name, /** @type {string} */ text) =>
    `| ${name.padEnd(wide)} | ${text.padStart(figure.length)} |`;
  const head = [row('runtime', 'checks'), `| ${'-'.repeat(wide)} | ${'-'.repeat(figure.length - 1)}: |`];
  return [BEGIN, '', ...head, ...names.map((name) => row(name, figure)), '', END].join('\n');
}

/**
 * @param {string} readme
 * @param {string} table
 * @returns {string} the README with this table in place of its own
 */
export function putTable(readme, table) {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END, begin);
  if (begin === -1 || end === -1)
    throw new Error(`The README has no place for the table: put the lines\n${BEGIN}\n${END}`);
  return readme.slice(0, begin) + table + readme.slice(end + END.length);
}
