/** The tables that the READMEs have, and what puts them there. */

/**
 * A table, padded to its widest cells as a README has it.
 *
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 * @param {number} [figuresFrom] the first column of figures, which stand at the right; by default there is none
 */
export function tableOf(head, rows, figuresFrom = head.length) {
  const widths = head.map((_, at) => Math.max(3, ...[head, ...rows].map((row) => row[at]?.length ?? 0)));
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`;
  const padded = (/** @type {readonly string[]} */ row) =>
    row.map((cell, at) => (at < figuresFrom ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)));
  const rule = widths.map((width, at) => (at < figuresFrom ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [padded(head), rule, ...rows.map(padded)].map(line).join('\n');
}

/**
 * The text with this between the two marks, in place of what stands there.
 *
 * @param {string} text
 * @param {string} begin
 * @param {string} end
 * @param {string} body
 */
export function putSection(text, begin, end, body) {
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from === -1 || to === -1) throw new Error(`There is no place for this: put these lines there\n${begin}\n${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${body}\n\n${text.slice(to)}`;
}
