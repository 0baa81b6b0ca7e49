import { addLine, byId, element, webSocketUrl } from './dom.js';

const joinForm = byId('join-form', HTMLFormElement);
const name = byId('chat-name', HTMLInputElement);
const sayForm = byId('say-form', HTMLFormElement);
const controls = byId('chat-controls', HTMLFieldSetElement);
const text = byId('chat-text', HTMLInputElement);
const people = byId('chat-people', HTMLElement);
const log = byId('chat-log', HTMLElement);

/** @type {WebSocket | undefined} */
let socket;

joinForm.addEventListener('submit', (event) => {
  event.preventDefault();
  const joining = new WebSocket(webSocketUrl('/chat'));
  socket?.close(1000);
  socket = joining;
  joining.addEventListener('open', () => joining.send(JSON.stringify({ join: name.value })));
  joining.addEventListener('message', ({ data }) => receive(JSON.parse(data)));
  joining.addEventListener('close', () => {
    if (socket !== joining) return;
    socket = undefined;
    if (!controls.disabled) addLine(log, element('p', 'aside', 'You have left.'));
    else addLine(log, element('p', 'bad', 'The chat did not answer, or not with a yes.'));
    setJoined(false);
  });
});

sayForm.addEventListener('submit', (event) => {
  event.preventDefault();
  if (text.value.trim() === '') return;
  socket?.send(JSON.stringify({ say: text.value }));
  text.value = '';
});

byId('leave', HTMLButtonElement).addEventListener('click', () => socket?.close(1000));

/**
 * @param {{ joined?: string, left?: string, people?: string[], from?: string, say?: string, refused?: string }} message
 */
function receive(message) {
  if (message.people !== undefined) people.textContent = `Here: ${message.people.join(', ')}`;
  if (message.joined !== undefined) {
    // The first to be announced to us is ourselves.
    if (controls.disabled) setJoined(true);
    addLine(log, element('p', 'aside', `${message.joined} has joined.`));
  } else if (message.left !== undefined) {
    addLine(log, element('p', 'aside', `${message.left} has left.`));
  } else if (message.from !== undefined) {
    addLine(log, element('p', '', element('strong', '', message.from), ` ${message.say}`));
  } else if (message.refused !== undefined) {
    addLine(log, element('p', 'bad', message.refused));
  }
}

/** @param {boolean} joined */
function setJoined(joined) {
  const hadFocus = joined ? joinForm.contains(document.activeElement) : controls.contains(document.activeElement);
  controls.disabled = !joined;
  byId('join-controls', HTMLFieldSetElement).disabled = joined;
  if (!joined) people.textContent = '';
  if (hadFocus) (joined ? text : name).focus();
}
