import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { decodeNaively, fromHex, toHex, transcript } from '@ws/testkit';

/**
 * An input that is kept, and what must come of it, in a file of lines that people read and other tools parse.
 *
 * @typedef {import('./input.js').Input} Input
 * @typedef {{ name: string, input: Input, expected: readonly string[] }} Entry
 */

export const CORPUS = new URL('./corpus/', import.meta.url);

/** @returns {Entry[]} */
export function readCorpus() {
  const names = readdirSync(CORPUS).filter((name) => name.endsWith('.txt'));
  return names.sort().map((name) => readEntry(new URL(name, CORPUS)));
}

/**
 * @param {string | URL} path
 * @returns {Entry}
 */
export function readEntry(path) {
  return { name: String(path).split('/').at(-1) ?? '', ...parse(readFileSync(path, 'utf8')) };
}

/**
 * @param {string} name without the ending
 * @param {string} comment why it is kept
 * @param {Input} input
 * @returns {string} the path from the repository's root
 */
export function writeEntry(name, comment, input) {
  writeFileSync(new URL(`${name}.txt`, CORPUS), format(comment, input));
  return `fuzz/corpus/${name}.txt`;
}

/**
 * @param {string} comment
 * @param {Input} input
 */
export function format(comment, { rules, bytes, cuts, holds }) {
  const { events, violation } = decodeNaively(bytes, rules);
  const limits = /** @type {const} */ (['maxMessagePayload', 'maxFramePayload']);
  const lines = [
    ...comment.split('\n').map((line) => `# ${line}`),
    `role ${rules.role}`,
    ...(rules.allowedRsv ? [`allowedRsv ${rules.allowedRsv}`] : []),
    ...limits.filter((limit) => rules[limit] !== undefined).map((limit) => `${limit} ${rules[limit]}`),
    ...(rules.ended ? ['ended'] : []),
    ...(cuts.length > 0 ? [`cuts ${typeof cuts === 'string' ? cuts : cuts.join(' ')}`] : []),
    ...(holds.length > 0 ? [`holds ${typeof holds === 'string' ? holds : holds.join(' ')}`] : []),
    ...(toHex(bytes).match(/.{1,100}/g) ?? []).map((hex) => `bytes ${hex}`),
    ...transcript(events, violation).map((line) => `expect ${line}`),
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * @param {string} text
 * @returns {{ input: Input, expected: string[] }}
 */
export function parse(text) {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const all = (/** @type {string} */ word) =>
    lines.filter((line) => line === word || line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  const one = (/** @type {string} */ word) => all(word)[0];
  const number = (/** @type {string} */ word) => (one(word) === undefined ? undefined : Number(one(word)));
  const numbers = (/** @type {string} */ word) => (one(word) ?? '').split(' ').filter(Boolean).map(Number);
  return {
    input: {
      rules: {
        role: /** @type {Input['rules']['role']} */ (one('role')),
        allowedRsv: number('allowedRsv'),
        maxMessagePayload: number('maxMessagePayload'),
        maxFramePayload: number('maxFramePayload'),
        ended: one('ended') !== undefined,
      },
      bytes: fromHex(all('bytes').join('')),
      cuts: one('cuts') === 'every byte' ? 'every byte' : numbers('cuts'),
      holds: one('holds') === 'every event' ? 'every event' : numbers('holds'),
    },
    expected: all('expect'),
  };
}
