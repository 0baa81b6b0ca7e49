import { illegalFrames } from '../illegal-frames.js';
import { parseHex, plural, toHex } from './bytes.js';
import { addLine, byId, element, webSocketUrl } from './dom.js';
import { clearFrames, frameReaders } from './frames.js';

/** The size of the record's head: see taps.js of the server. */
const RECORD_HEAD = 9;

const connect = byId('connect', HTMLButtonElement);
const status = byId('echo-status', HTMLElement);
const controls = byId('echo-controls', HTMLFieldSetElement);
const log = byId('echo-log', HTMLElement);
const text = byId('text', HTMLInputElement);
const illegal = byId('illegal', HTMLSelectElement);

/** @type {WebSocket | undefined} */
let tap;
/** @type {WebSocket | undefined} */
let socket;
/** What was sent and has not come back. */
/** @type {(string | Uint8Array)[]} */
let sent = [];

illegal.append(...illegalFrames.map(({ name, title }) => new Option(title, name)));
connect.addEventListener('click', open);

onSubmit('text-form', () => send(text.value));
onSubmit('hex-form', () => {
  const field = byId('hex', HTMLInputElement);
  const parsed = parseHex(field.value);
  if ('problem' in parsed) say(`Not sent: ${parsed.problem}.`, 'bad');
  else send(parsed.bytes);
});
onSubmit('random-form', () => send(randomBytes(byId('random', HTMLInputElement).valueAsNumber)));
for (const button of document.querySelectorAll('button[data-bytes]')) {
  button.addEventListener('click', () => send(randomBytes(Number(button.getAttribute('data-bytes')))));
}
onSubmit('close-form', () => {
  const code = byId('close-code', HTMLInputElement).valueAsNumber;
  const reason = byId('close-reason', HTMLInputElement).value;
  try {
    socket?.close(code, reason);
    setStatus('Closing', 'closing');
    say(`Closing with ${code}${reason === '' ? '' : `, “${reason}”`}.`);
  } catch (error) {
    // A browser lets pages send 1000 and 3000-4999 only, and at most 123 bytes of reason.
    say(`Not closed: ${error instanceof Error ? error.message : error}`, 'bad');
  }
});
onSubmit('illegal-form', () => {
  tap?.send(illegal.value);
  say(`Asked the server for this: ${illegal.selectedOptions[0]?.text}.`);
});

/** First the tap, which tells the id under which the server lets us watch; then the connection itself. */
function open() {
  connect.disabled = true;
  setStatus('Connecting', 'closing');
  clearFrames();
  const readers = frameReaders();
  const records = new WebSocket(webSocketUrl('/tap'));
  tap = records;
  let opened = false;
  records.binaryType = 'arraybuffer';
  records.addEventListener('message', ({ data }) => {
    if (typeof data === 'string') {
      opened = true;
      return openEcho(JSON.parse(data).id);
    }
    const head = new DataView(data);
    const reader = head.getUint8(0) === 0 ? readers.in : readers.out;
    reader.push(new Uint8Array(data, RECORD_HEAD), head.getFloat64(1));
  });
  records.addEventListener('close', ({ code, reason }) => {
    if (!opened) return closed('The server did not answer: is it still running?');
    if (code !== 1000) return say(`The recording has ended${reason === '' ? '' : `: ${reason}`} (${code}).`, 'bad');
    readers.in.end();
    readers.out.end();
  });
}

/** @param {string} id of the tap */
function openEcho(id) {
  const echo = new WebSocket(webSocketUrl(`/echo?tap=${encodeURIComponent(id)}`));
  socket = echo;
  sent = [];
  echo.binaryType = 'arraybuffer';
  echo.addEventListener('open', () => {
    setStatus('Open', 'open');
    controls.disabled = false;
    say('Connected to /echo.');
    // Whoever pressed the button goes on to type; a focus that is elsewhere stays there.
    if (document.activeElement === document.body || document.activeElement === connect) text.focus();
  });
  echo.addEventListener('message', ({ data }) => {
    const message = typeof data === 'string' ? data : new Uint8Array(data);
    const same = equal(message, sent.shift());
    say(
      `Echo: ${describe(message)}${same ? ', as it was sent.' : '. That is not what was sent!'}`,
      same ? 'good' : 'bad',
    );
  });
  echo.addEventListener('close', ({ code, reason, wasClean }) => {
    const why = reason === '' ? '' : `, “${reason}”`;
    const how = code === 1006 ? ': there was no proper Close' : '';
    // Without a connection there is nothing to record; with one, the server ends the recording.
    if (controls.disabled) tap?.close(1000);
    closed(`Closed with ${code}${why}${how}.`, wasClean ? 'good' : 'bad');
  });
}

/**
 * @param {string} line
 * @param {string} kind
 */
function closed(line, kind = 'bad') {
  const hadFocus = controls.contains(document.activeElement);
  socket = undefined;
  controls.disabled = true;
  connect.disabled = false;
  // The browser takes the focus off what was disabled: it goes to what can be done next.
  if (hadFocus || document.activeElement === document.body) connect.focus({ preventScroll: true });
  setStatus('Not connected', 'closed');
  say(line, kind);
}

/** @param {string | Uint8Array<ArrayBuffer>} message */
function send(message) {
  if (socket?.readyState !== WebSocket.OPEN) return;
  socket.send(message);
  sent.push(message);
  say(`Sent: ${describe(message)}.`);
}

/** @param {number} count */
function randomBytes(count) {
  const bytes = new Uint8Array(count);
  // getRandomValues gives at most so many at once.
  for (let i = 0; i < count; i += 65_536) crypto.getRandomValues(bytes.subarray(i, i + 65_536));
  return bytes;
}

/** @param {string | Uint8Array} message */
function describe(message) {
  if (typeof message === 'string') {
    const short = [...message.slice(0, 60)].join('');
    return `text “${short}${short.length < message.length ? '…' : ''}”`;
  }
  const start = message.length > 0 && message.length <= 16 ? ` (${toHex(message)})` : '';
  return `${plural(message.length, 'byte')} of binary data${start}`;
}

/**
 * @param {string | Uint8Array} a
 * @param {string | Uint8Array | undefined} b
 */
function equal(a, b) {
  if (typeof a === 'string' || typeof b === 'string' || b === undefined) return a === b;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/**
 * @param {string} words
 * @param {string} kind
 */
function setStatus(words, kind) {
  status.textContent = words;
  status.className = `status ${kind}`;
}

/**
 * @param {string} line
 * @param {string} kind
 */
function say(line, kind = '') {
  addLine(log, element('p', kind, line));
}

/**
 * @param {string} id of a form
 * @param {() => void} action
 */
function onSubmit(id, action) {
  byId(id, HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    action();
  });
}
