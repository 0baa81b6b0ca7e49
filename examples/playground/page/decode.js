import { parseHex, plural } from './bytes.js';
import { byId, element } from './dom.js';
import { frameCard } from './frame-card.js';
import { FrameReader } from './frame-reader.js';

/** @import { Role } from '@ws/codec' */
/** @import { WireFrame } from './frame-reader.js' */

const MAX_FRAMES = 20;

const input = byId('decode-input', HTMLTextAreaElement);
const role = byId('decode-role', HTMLSelectElement);
const sample = byId('decode-sample', HTMLSelectElement);
const verdict = byId('decode-verdict', HTMLElement);
const list = byId('decode-frames', HTMLOListElement);

input.addEventListener('input', decode);
role.addEventListener('change', decode);
sample.addEventListener('change', () => {
  if (sample.value === '') return;
  input.value = sample.value;
  decode();
});
decode();

/** Everything happens in the page: the bytes go nowhere. */
function decode() {
  list.replaceChildren();
  const parsed = parseHex(input.value);
  if ('problem' in parsed) return judge(`${parsed.problem}.`, 'bad');
  if (parsed.bytes.length === 0) return judge('Paste some bytes.', '');

  /** @type {WireFrame[]} */
  const frames = [];
  const reader = new FrameReader(/** @type {Role} */ (role.value), (frame) => frames.push(frame));
  reader.push(parsed.bytes);
  reader.end();

  list.append(...frames.slice(0, MAX_FRAMES).map((frame) => frameCard(frame, { className: '', direction: '' })));
  if (frames.length > MAX_FRAMES) list.append(element('li', 'more', `… and ${frames.length - MAX_FRAMES} more.`));
  const error = frames.at(-1)?.error;
  if (error === undefined) judge(`${plural(frames.length, 'frame')}, and all of them legal.`, 'good');
  else judge(`${error.violation} at byte ${error.offset}: ${error.message}`, 'bad');
}

/**
 * @param {string} words
 * @param {string} kind
 */
function judge(words, kind) {
  verdict.textContent = words;
  verdict.className = `verdict ${kind}`;
}
