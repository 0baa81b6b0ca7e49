import { WebSocketServer } from '@ws/node-server';
import { sameOrigin } from './same-origin.js';

/** @import { WebSocket } from '@ws/node-server' */

/** What a client may do, so that no one person spoils the chat for the others. */
const MAX_PEOPLE = 100;
const MAX_NAME = 24;
const MAX_TEXT = 500;
/** So many messages at once, and then one for each second that passes. */
const BURST = 5;
/** What may wait for a reader, in bytes, before it is given up. */
const MAX_WAITING = 256 * 1024;

/**
 * The endpoint /chat: JSON in text messages.
 *
 *   { "join": "Ada" }        first, once                   ->  { "joined": "Ada", "people": ["Ada"] }  to all
 *   { "say": "Hello" }       then                          ->  { "from": "Ada", "say": "Hello" }       to all
 *   (the end)                                              ->  { "left": "Ada", "people": [] }         to all others
 *   anything else                                          ->  { "refused": "why" }                    to the sender
 *
 * @param {import('node:http').Server} http
 */
export function openChat(http) {
  // 8 KiB hold the longest text, even if every character of it is escaped.
  const server = new WebSocketServer({ server: http, path: '/chat', maxPayload: 8192, verifyClient: sameOrigin });

  /** @type {Map<WebSocket, string>} */
  const names = new Map();

  /** @param {object} message */
  function tellAll(message) {
    const text = JSON.stringify(message);
    for (const socket of names.keys()) tell(socket, text);
  }

  server.on('connection', (socket) => {
    const allowance = new Allowance(BURST);

    /** @param {string} why */
    const refuse = (why) => tell(socket, JSON.stringify({ refused: why }));

    socket.on('message', (data, isBinary) => {
      const message = isBinary ? undefined : parse(data.toString());
      const name = names.get(socket);
      if (!allowance.take()) return refuse('Too fast: wait a moment.');
      if (name === undefined) {
        const wanted = clean(message?.['join']);
        if (wanted === '') return refuse('Join first, with a name.');
        if ([...wanted].length > MAX_NAME) return refuse(`A name has at most ${MAX_NAME} characters.`);
        if ([...names.values()].includes(wanted)) return refuse(`Somebody is called ${wanted} already.`);
        if (names.size >= MAX_PEOPLE) return refuse('The chat is full.');
        names.set(socket, wanted);
        return tellAll({ joined: wanted, people: [...names.values()] });
      }
      const text = clean(message?.['say']);
      if (text === '') return refuse('There is nothing to say in that message.');
      if ([...text].length > MAX_TEXT) return refuse(`A message has at most ${MAX_TEXT} characters.`);
      tellAll({ from: name, say: text });
    });

    socket.on('close', () => {
      const name = names.get(socket);
      if (name === undefined) return;
      names.delete(socket);
      tellAll({ left: name, people: [...names.values()] });
    });
  });
  return server;
}

/**
 * @param {WebSocket} socket given up if it reads too slowly: what waits for it fills our memory
 * @param {string} text
 */
function tell(socket, text) {
  if (socket.bufferedAmount > MAX_WAITING) socket.terminate();
  else socket.send(text);
}

/**
 * @param {string} text
 * @returns {Record<string, unknown> | undefined} undefined unless the text is a JSON object
 */
function parse(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * One line of what a person wrote: line breaks, and characters that turn the direction of text, could make it look like
 * what somebody else wrote.
 *
 * @param {unknown} value
 */
function clean(value) {
  if (typeof value !== 'string') return '';
  return value.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, ' ').trim();
}

/** A bucket of tokens: full at the start, one more for each second, one less for each message. */
class Allowance {
  /** @param {number} size */
  constructor(size) {
    this.size = size;
    this.left = size;
    this.since = performance.now();
  }

  /** Whether there was one to take. */
  take() {
    const now = performance.now();
    this.left = Math.min(this.size, this.left + (now - this.since) / 1000);
    this.since = now;
    if (this.left < 1) return false;
    this.left--;
    return true;
  }
}
