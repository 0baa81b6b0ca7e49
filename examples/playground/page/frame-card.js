import { applyMask, decodeClose, Opcode } from '@ws/codec';
import { hexByte, plural, toHex } from './bytes.js';
import { element } from './dom.js';
import { fieldsAtFault, fieldsOf, headerLength, opcodeName } from './fields.js';

import { SAMPLE_BYTES } from './frame-reader.js';

/** @import { WireFrame } from './frame-reader.js' */

/** Bytes in one group of the payload: what fits beside its labels on a phone. */
const GROUP = 8;

/**
 * What else is known of a frame: who sent it, and when.
 *
 * @typedef {{ className: string, direction: string, time?: number | undefined }} Passage
 */

/**
 * A frame, drawn: what it is, its header as the diagram of RFC 6455 section 5.2, and its payload, masked and unmasked.
 *
 * @param {WireFrame} frame
 * @param {Passage} passage
 */
export function frameCard(frame, passage) {
  const { bytes, error } = frame;
  const card = element(
    'li',
    `frame ${passage.className}${error === undefined ? '' : ' broken'}`,
    title(frame, passage),
  );
  if (error !== undefined) {
    card.append(element('p', 'violation', 'Illegal: ', error.message));
    const at = error.offset - frame.offset;
    if (bytes.length > 0) card.append(element('p', 'raw', 'Bytes: ', ...marked(hexBytes(bytes), at)));
  }
  if (bytes.length > 0) card.append(diagram(frame));
  const payload = payloadOf(frame);
  if (payload !== undefined && payload.plain.length > 0) card.append(payloadGroups(frame, payload));
  const meaning = meaningOf(frame, payload?.plain);
  if (meaning !== '') card.append(element('p', 'meaning', meaning));
  return card;
}

/**
 * @param {WireFrame} frame
 * @param {Passage} passage
 */
function title({ bytes, header, offset }, { direction, time }) {
  const line = element('p', 'frame-title');
  if (direction !== '') line.append(element('span', 'direction', direction), ' ');
  const [byte0] = bytes;
  line.append(element('strong', '', byte0 === undefined ? 'End of the stream' : opcodeName(byte0 & 0x0f)));
  if (header !== undefined) line.append(' ', element('span', 'size', plural(header.payloadLength, 'byte')));
  if (header?.fin === false) line.append(' ', element('span', 'size', 'more to come'));
  line.append(' ', element('span', 'aside', `at byte ${offset.toLocaleString('en')}`));
  if (time !== undefined) line.append(' ', element('time', 'aside', clock(time)));
  return line;
}

/** @param {WireFrame} frame */
function diagram({ bytes, error }) {
  const fields = fieldsOf(bytes);
  const atFault = error === undefined ? [] : fieldsAtFault(error.violation);
  const box = element('div', 'diagram');
  box.setAttribute('role', 'img');
  box.setAttribute('aria-label', fields.map(({ name, bits, value }) => `${name} ${bits} ${value}`.trim()).join(', '));
  for (const { name, bits, value } of fields) {
    const bad = atFault.includes(name) && !(name.startsWith('RSV') && bits === '0');
    box.append(
      element(
        'div',
        `field bits-${bits.length}${bad ? ' bad' : ''}`,
        element('span', 'bits', ...[...bits].map((bit) => element('span', bit === '1' ? 'one' : 'zero', bit))),
        element('span', 'name', name),
        // On a phone, four bits are narrower than this one word.
        ...(value === '' ? [] : [element('span', 'value', value.replace('continuation', 'continu\u00adation'))]),
      ),
    );
  }
  return box;
}

/**
 * The start of the payload, as far as it is kept.
 *
 * @param {WireFrame} frame
 */
function payloadOf({ bytes, header }) {
  if (header === undefined) return undefined;
  const start = headerLength(bytes);
  const wire = bytes.slice(start, start + SAMPLE_BYTES);
  const plain = wire.slice();
  if (header.maskingKey !== undefined) applyMask(plain, header.maskingKey);
  return { start, wire, plain };
}

/**
 * @param {WireFrame} frame
 * @param {{ start: number, wire: Uint8Array, plain: Uint8Array }} payload
 */
function payloadGroups({ bytes, header, error, offset }, { start, wire, plain }) {
  const masked = header?.maskingKey !== undefined;
  const key = bytes.subarray(start - 4, start);
  const bad = error === undefined ? -1 : error.offset - offset - start;
  const rows = [
    ...(masked
      ? [
          { name: 'wire', className: 'wire', cells: hexBytes(wire) },
          { name: 'key', className: 'key', cells: hexBytes(wire.map((_, i) => key[i % 4] ?? 0)) },
        ]
      : []),
    { name: masked ? 'data' : 'wire', className: 'data', cells: hexBytes(plain) },
    { name: 'ASCII', className: 'ascii', cells: Array.from(plain, (byte) => ` ${printable(byte)}`) },
  ];

  const box = element('div', 'payload');
  box.setAttribute('role', 'img');
  box.setAttribute('aria-label', `Payload${masked ? `, masked ${toHex(wire)}, unmasked` : ''} ${toHex(plain)}`);
  box.append(element('div', 'group labels', ...rows.map(({ name }) => element('span', '', name))));
  for (let i = 0; i < plain.length; i += GROUP) {
    const group = rows.map(({ className, cells }) =>
      element('span', className, ...marked(cells.slice(i, i + GROUP), bad - i)),
    );
    box.append(element('div', 'group', ...group));
  }
  const more = (header?.payloadLength ?? 0) - plain.length;
  if (more > 0) box.append(element('div', 'group more', `… and ${plural(more, 'byte')} more`));
  return box;
}

/**
 * What the payload says to a person.
 *
 * @param {WireFrame} frame
 * @param {Uint8Array | undefined} plain
 */
function meaningOf({ header, error }, plain) {
  if (header === undefined || plain === undefined || error !== undefined) return '';
  const whole = plain.length === header.payloadLength;
  if (header.opcode === Opcode.Close && whole) {
    const close = decodeClose(plain);
    if (!('reason' in close)) return '';
    if (close.code === undefined) return 'Close without a code, which applications are told as 1005';
    return `Close code ${close.code}${close.reason === '' ? '' : `, “${close.reason}”`}`;
  }
  if (header.opcode === Opcode.Text && plain.length > 0) {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(plain, { stream: true });
    return `“${text}${whole ? '”' : '…'}`;
  }
  return '';
}

/**
 * Cells in a row, with one of them marked.
 *
 * @param {string[]} cells
 * @param {number} at
 * @returns {(Node | string)[]}
 */
function marked(cells, at) {
  const cell = cells[at];
  if (cell === undefined) return [cells.join(' ')];
  const before = cells.slice(0, at).join(' ');
  const after = cells.slice(at + 1).join(' ');
  return [before === '' ? '' : `${before} `, element('mark', '', cell), after === '' ? '' : ` ${after}`];
}

/** @param {Uint8Array} bytes */
function hexBytes(bytes) {
  return Array.from(bytes, hexByte);
}

/** @param {number} byte */
function printable(byte) {
  return byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·';
}

/** @param {number} time in milliseconds since 1970 */
function clock(time) {
  return new Date(time).toLocaleTimeString('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
  });
}
