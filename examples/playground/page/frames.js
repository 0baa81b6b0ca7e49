import { plural } from './bytes.js';
import { byId } from './dom.js';
import { frameCard } from './frame-card.js';
import { FrameReader } from './frame-reader.js';

/** @import { WireFrame } from './frame-reader.js' */
/** @import { Passage } from './frame-card.js' */

/** How many frames are on the page: enough to compare, few enough for a phone. */
const MAX_FRAMES = 30;

const list = byId('frames', HTMLOListElement);
const count = byId('frames-count', HTMLElement);

/** What has come and is not drawn yet. Drawing waits for the screen: a flood of frames must not freeze the page. */
/** @type {{ frame: WireFrame, passage: Passage }[]} */
let waiting = [];
let seen = 0;

byId('frames-clear', HTMLButtonElement).addEventListener('click', clearFrames);

export function clearFrames() {
  waiting = [];
  seen = 0;
  list.replaceChildren();
  count.textContent = 'None yet.';
}

/**
 * Readers for both directions of one connection, which draw what they read.
 */
export function frameReaders() {
  return {
    /** What the browser sends is read as a server reads it, and the other way round. */
    in: reader('server', { className: 'in', direction: 'Browser → server' }),
    out: reader('client', { className: 'out', direction: 'Server → browser' }),
  };
}

/**
 * @param {'server' | 'client'} role
 * @param {Passage} passage
 */
function reader(role, passage) {
  let time = Date.now();
  const frames = new FrameReader(role, (frame) => {
    if (waiting.length === 0) requestAnimationFrame(draw);
    waiting.push({ frame, passage: { ...passage, time } });
    // A page in the background is not drawn: what would be too old by then is dropped now.
    if (waiting.length > MAX_FRAMES) waiting.shift();
    seen++;
  });
  return {
    /**
     * @param {Uint8Array<ArrayBuffer>} bytes
     * @param {number} at in milliseconds since 1970
     */
    push(bytes, at) {
      time = at;
      frames.push(bytes);
    },
    end: () => frames.end(),
  };
}

/** The newest frame is on top, where it is seen without scrolling. */
function draw() {
  for (const { frame, passage } of waiting) list.prepend(frameCard(frame, passage));
  waiting = [];
  while (list.childElementCount > MAX_FRAMES) list.lastElementChild?.remove();
  const shown = list.childElementCount;
  count.textContent =
    shown === seen ? `${plural(seen, 'frame')}, the newest first.` : `The newest ${shown} of ${seen}.`;
}
