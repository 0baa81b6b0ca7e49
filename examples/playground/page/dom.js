/**
 * The element of the page with this id, which is of this class.
 *
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} kind
 * @returns {E}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`the page has no ${kind.name} with the id "${id}"`);
  return found;
}

/**
 * A new element. What is written in it is text, always: nothing that came over a network becomes markup.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} className
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  made.append(...children);
  return made;
}

/** How many lines a log keeps. */
const MAX_LINES = 100;

/**
 * Adds a line at the end of a log, and keeps the end in view for whoever has not scrolled away from it.
 *
 * @param {HTMLElement} log
 * @param {HTMLElement} line
 */
export function addLine(log, line) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 8;
  log.append(line);
  while (log.childElementCount > MAX_LINES) log.firstElementChild?.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

/**
 * A path of this server as the URL of a WebSocket.
 *
 * @param {string} path
 */
export function webSocketUrl(path) {
  const url = new URL(path, location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
