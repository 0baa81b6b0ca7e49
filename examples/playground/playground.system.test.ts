import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Example, startExample } from '../run-example.suite.ts';

let example: Example;
let browser: Browser;
let screenshots: string;
beforeAll(async () => {
  example = await startExample('playground/server.js');
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  screenshots = await mkdtemp(join(tmpdir(), 'playground-'));
});
afterAll(async () => {
  await browser?.close();
  await example?.stop();
  console.log(`Screenshots: ${screenshots}`);
});

/** What the page complains of: errors of scripts, the console, the policy, requests that fail. */
const complaints: string[] = [];
afterEach(() => {
  expect(complaints.splice(0)).toEqual([]);
});

/** @param expected complaints that the test provokes */
async function openPage(options: BrowserContextOptions = {}, expected = /^$/): Promise<Page> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  const complain = (words: string) => {
    if (!expected.test(words)) complaints.push(words);
  };
  page.on('console', (message) => {
    if (message.type() !== 'log') complain(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complain(String(error)));
  page.on('response', (response) => {
    if (response.status() >= 400) complain(`${response.status()} ${response.url()}`);
  });
  await page.goto(`${example.address}/`);
  return page;
}

async function connect(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Connect' }).click();
  await page.locator('#echo-status', { hasText: /^Open$/ }).waitFor();
}

const log = (page: Page) => page.locator('#echo-log');
const frames = (page: Page) => page.locator('#frames > li');

/** Waits until so many frames have been drawn, and gives those on the page. */
async function drawn(page: Page, count: number): Promise<Drawn[]> {
  const words = new RegExp(`^(${count} frame|The newest \\d+ of ${count}\\.)`);
  await page.locator('#frames-count', { hasText: words }).waitFor();
  return readFrames(page);
}

/** The frames on the page, from the oldest on. */
async function readFrames(page: Page): Promise<Drawn[]> {
  const list = await frames(page).evaluateAll((items) =>
    items.map((item) => ({
      direction: item.querySelector('.direction')?.textContent ?? '',
      opcode: item.querySelector('strong')?.textContent ?? '',
      fields: Array.from(item.querySelectorAll('.field'), (field) =>
        [...field.children]
          .map((child) => child.textContent)
          .reverse()
          .join(' '),
      ),
      bits: Array.from(item.querySelectorAll('.bits'), (bits) => bits.textContent).join(''),
      wire: Array.from(item.querySelectorAll('.wire'), (row) => row.textContent).join(' '),
      key: Array.from(item.querySelectorAll('.key'), (row) => row.textContent).join(' '),
      data: Array.from(item.querySelectorAll('.data'), (row) => row.textContent).join(' '),
      meaning: item.querySelector('.meaning')?.textContent ?? '',
      violation: item.querySelector('.violation')?.textContent ?? '',
      marked: Array.from(item.querySelectorAll('mark'), (mark) => mark.textContent),
      bad: Array.from(item.querySelectorAll('.field.bad .name'), (name) => name.textContent),
      more: item.querySelector('.more')?.textContent ?? '',
    })),
  );
  return list.reverse();
}

interface Drawn {
  readonly direction: string;
  readonly opcode: string;
  readonly fields: string[];
  /** All bits of the header, in order. */
  readonly bits: string;
  readonly wire: string;
  readonly key: string;
  readonly data: string;
  readonly meaning: string;
  readonly violation: string;
  readonly marked: (string | null)[];
  readonly bad: (string | null)[];
  readonly more: string;
}

/** The header's bytes that its bits are. */
function header({ bits }: Drawn): number[] {
  return (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
}

describe('echo', () => {
  test('text: both frames are drawn with the bits that crossed the wire', async () => {
    const page = await openPage();
    await connect(page);
    await page.getByLabel('Text', { exact: true }).fill('Grüße');
    await page.getByRole('button', { name: 'Send text' }).click();
    await log(page).getByText('Echo: text “Grüße”, as it was sent.').waitFor();
    const [sent, echoed] = await drawn(page, 2);

    expect(sent).toMatchObject({
      direction: 'Browser → server',
      opcode: 'Text',
      data: '47 72 c3 bc c3 9f 65',
      meaning: '“Grüße”',
    });
    const bytes = header(sent!);
    expect(bytes.slice(0, 2)).toEqual([0x81, 0x80 | 7]);
    const key = bytes.slice(2);
    expect(key.length).toBe(4);
    const [wire, keyRow, data] = [sent!.wire, sent!.key, sent!.data].map((row) =>
      row.split(' ').map((pair) => Number.parseInt(pair, 16)),
    );
    expect(keyRow).toEqual(wire!.map((_, i) => key[i % 4]));
    expect(data).toEqual(wire!.map((byte, i) => byte ^ key[i % 4]!));

    expect(echoed).toMatchObject({
      direction: 'Server → browser',
      opcode: 'Text',
      wire: '',
      data: '47 72 c3 bc c3 9f 65',
    });
    expect(header(echoed!)).toEqual([0x81, 7]);
    await page.context().close();
  });

  test('binary, 125 bytes, 126 bytes and 200 kB: every form of the length', async () => {
    const page = await openPage();
    await connect(page);
    await page.getByLabel('Binary, in hex').fill('00 ff 80 7f');
    await page.getByRole('button', { name: 'Send bytes' }).click();
    await page.getByRole('button', { name: '125 B' }).click();
    await page.getByRole('button', { name: '126 B' }).click();
    await page.getByRole('button', { name: '200 kB' }).click();
    for (const what of ['4 bytes', '125 bytes', '126 bytes', '200,000 bytes']) {
      await log(page)
        .getByText(new RegExp(`Echo: ${what} of binary data.*, as it was sent\\.`))
        .waitFor();
    }
    // How many frames the browser makes of the long message is its own affair.
    await page.locator('#frames').getByText('200,000 bytes').waitFor();
    const all = await readFrames(page);
    const echoed = all.filter(({ direction }) => direction === 'Server → browser');
    expect(echoed.map(header)).toEqual([
      [0x82, 4],
      [0x82, 125],
      [0x82, 126, 0, 126],
      [0x82, 127, 0, 0, 0, 0, 0, 3, 0x0d, 0x40],
    ]);
    expect(echoed.at(-1)?.more).toBe('… and 199,968 bytes more');
    const sent = all.filter(({ direction }) => direction === 'Browser → server');
    expect(sent.slice(0, 3).map((frame) => header(frame).slice(0, -4))).toEqual([
      [0x82, 0x80 | 4],
      [0x82, 0x80 | 125],
      [0x82, 0x80 | 126, 0, 126],
    ]);
    expect(all.map(({ violation }) => violation).join('')).toBe('');
    await page.context().close();
  });

  test('close with a code and a reason: both Close frames, and what the page is told', async () => {
    const page = await openPage();
    await connect(page);
    await page.getByLabel('Close code').fill('4321');
    await page.getByLabel('Reason').fill('so long');
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await log(page).getByText('Closed with 4321.').waitFor();
    const [ours, theirs] = await drawn(page, 2);
    expect(ours).toMatchObject({
      direction: 'Browser → server',
      opcode: 'Close',
      meaning: 'Close code 4321, “so long”',
    });
    // The server echoes the code (section 5.5.1), and has no reason of its own.
    expect(theirs).toMatchObject({ direction: 'Server → browser', opcode: 'Close', meaning: 'Close code 4321' });
    await page.getByRole('button', { name: 'Connect' }).click();
    await page.locator('#echo-status', { hasText: /^Open$/ }).waitFor();
    await page.context().close();
  });

  test('a code that the browser does not send is explained, and the connection stays', async () => {
    const page = await openPage();
    await connect(page);
    await page.getByLabel('Close code').fill('1006');
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await log(page)
      .getByText(/^Not closed: .*1006/)
      .waitFor();
    await page.getByRole('button', { name: 'Send text' }).click();
    await log(page).getByText('Echo: text “Hello”, as it was sent.').waitFor();
    await page.context().close();
  });

  test('a hundred messages at once: the newest frames are shown, and all are counted', async () => {
    const page = await openPage();
    await connect(page);
    await page.evaluate(() => {
      const form = document.querySelector<HTMLFormElement>('#text-form');
      for (let i = 0; i < 100; i++) form?.requestSubmit();
    });
    const all = await drawn(page, 200);
    expect(all.length).toBe(30);
    expect(all.at(-1)).toMatchObject({ direction: 'Server → browser', data: '48 65 6c 6c 6f' });
    expect(await log(page).locator('p').count()).toBe(100);
    await page.context().close();
  });
});

describe('an illegal frame', async () => {
  /** What is marked: the byte, or the field of the header, at which the stream became illegal. */
  const kinds: [name: string, title: string, byte: string, fields: string[]][] = [
    ['reserved-opcode', 'Opcode 3, which is reserved', '83', ['opcode']],
    ['reserved-bits', 'RSV1 set, without an extension', 'c1', ['RSV1']],
    ['mask-forbidden', 'A masked frame', '85', ['MASK']],
    ['fragmented-control', 'A ping with FIN = 0', '09', ['FIN']],
    ['control-too-long', 'A ping of 126 bytes', '7e', ['Payload len']],
    ['length-not-minimal', 'A length of 5 in 16 bits', '05', ['Extended payload length']],
    [
      'length-top-bit',
      'A 64-bit length with its top bit set',
      '00',
      ['Extended payload length', ...Array(3).fill('Extended payload length (continued)')],
    ],
    ['orphan-continuation', 'A continuation of nothing', '80', ['opcode']],
    ['data-inside-message', 'A new message inside a message', '81', ['opcode']],
    ['close-payload-too-short', 'A Close of one byte', '01', ['Payload len']],
    ['close-code-illegal', 'A Close with code 1005', 'ed', []],
    ['text-not-utf8', 'Text that is not UTF-8', '28', []],
    ['close-reason-not-utf8', 'A Close reason that is not UTF-8', '28', []],
  ];

  test.each(kinds)(
    '%s: Chromium fails the connection, 1006; the page marks the byte',
    async (name, title, byte, fields) => {
      const page = await openPage({}, /^error: WebSocket connection to .* failed: /);
      await connect(page);
      await page.getByLabel('Have the server break a rule').selectOption({ label: title });
      await page.getByRole('button', { name: 'Send it to me' }).click();
      await log(page).getByText('Closed with 1006').waitFor();
      await page.locator('#frames .violation').waitFor();
      const illegal = (await readFrames(page)).find((frame) => frame.violation !== '');
      expect(illegal?.direction).toBe('Server → browser');
      expect(illegal?.violation).toContain(`(${name}, byte`);
      // In the row of ASCII, the same byte is marked as a character.
      expect(new Set(illegal?.marked.filter((mark) => mark?.trim().length === 2))).toEqual(new Set([byte]));
      expect(illegal?.bad).toEqual(fields);
      await page.context().close();
    },
  );

  test('is there for every choice that the page offers', async () => {
    const page = await openPage();
    expect(await page.locator('#illegal option').allTextContents()).toEqual(kinds.map(([, title]) => title));
    await page.context().close();
  });
});

describe('decode', () => {
  test('shows a sample of RFC 6455 at once', async () => {
    const page = await openPage();
    await page.getByText('1 frame, and all of them legal.').waitFor();
    const item = page.locator('#decode-frames > li');
    expect(await item.locator('.bits').allTextContents()).toEqual([
      '1',
      '0',
      '0',
      '0',
      '0001',
      '1',
      '0000101',
      '0011011111111010',
      '0010000100111101',
    ]);
    expect(await item.locator('.wire').textContent()).toBe('7f 9f 4d 51 58');
    expect(await item.locator('.data').textContent()).toBe('48 65 6c 6c 6f');
    expect(await item.locator('.meaning').textContent()).toBe('“Hello”');
    await page.context().close();
  });

  test('judges by the role that is chosen, and marks the byte', async () => {
    const page = await openPage();
    const verdict = page.locator('#decode-verdict');
    await page.getByLabel('Read as').selectOption('client');
    expect(await verdict.textContent()).toMatch(/^mask-forbidden at byte 1: a frame from a server is masked/);
    expect(await page.locator('#decode-frames mark').textContent()).toBe('85');
    await page.getByLabel('Bytes of a stream, in hex').fill('8105 48656c6c6f 8a00');
    expect(await verdict.textContent()).toBe('2 frames, and all of them legal.');
    await page.getByLabel('Read as').selectOption('server');
    expect(await verdict.textContent()).toMatch(/^mask-missing at byte 1/);
    await page.context().close();
  });

  test('says what is wrong with what is no hex, ends too early, or is not UTF-8', async () => {
    const page = await openPage();
    const verdict = page.locator('#decode-verdict');
    const input = page.getByLabel('Bytes of a stream, in hex');
    await input.fill('81 0g');
    expect(await verdict.textContent()).toBe('“0g” at character 4 is no pair of hex digits.');
    await input.fill('81 05 48');
    expect(await verdict.textContent()).toMatch(/^end-inside-frame at byte 3/);
    await input.fill('');
    expect(await verdict.textContent()).toBe('Paste some bytes.');
    await page.getByLabel('Examples').selectOption('Illegal: text that is not UTF-8');
    expect(await verdict.textContent()).toMatch(/^text-not-utf8 at byte 7/);
    expect(await page.locator('#decode-frames mark').allTextContents()).toEqual(['28', '28', ' (']);
    await page.context().close();
  });

  test('never takes text for markup', async () => {
    const page = await openPage();
    const html = '<img src=x onerror=alert(1)>';
    const hex = Buffer.from(html).toString('hex');
    await page.getByLabel('Bytes of a stream, in hex').fill(`81${html.length.toString(16)}${hex}`);
    expect(await page.locator('#decode-frames .meaning').textContent()).toBe(`“${html}”`);
    expect(await page.locator('#decode-frames img').count()).toBe(0);
    await page.context().close();
  });
});

test('chat: two tabs talk, and see who is there', async () => {
  const ada = await openPage();
  const grace = await openPage();
  const chat = (page: Page) => page.getByRole('log', { name: 'Chat' });
  const join = async (page: Page, name: string) => {
    await page.getByLabel('Your name').fill(name);
    await page.getByRole('button', { name: 'Join' }).click();
    await chat(page).getByText(`${name} has joined.`).waitFor();
  };
  await join(ada, 'Ada');
  await join(grace, 'Grace');
  await chat(ada).getByText('Grace has joined.').waitFor();
  expect(await ada.locator('#chat-people').textContent()).toBe('Here: Ada, Grace');

  // Who has pressed Join can type at once.
  await ada.keyboard.type('Hello <b>Grace</b>');
  await ada.keyboard.press('Enter');
  await chat(grace).getByText('Hello <b>Grace</b>').waitFor();
  await chat(ada).getByText('Hello <b>Grace</b>').waitFor();
  expect(await grace.locator('#chat-log b').count()).toBe(0);

  await grace.getByRole('button', { name: 'Leave' }).click();
  await chat(ada).getByText('Grace has left.').waitFor();
  expect(await ada.locator('#chat-people').textContent()).toBe('Here: Ada');

  const third = await openPage();
  await third.getByLabel('Your name').fill('Ada');
  await third.getByRole('button', { name: 'Join' }).click();
  await chat(third).getByText('Somebody is called Ada already.').waitFor();
  await join(third, 'Alan');
  for (const page of [ada, grace, third]) await page.context().close();
});

test('H8: a page of another origin is not let in', async () => {
  // Our own page would be held back by its policy already.
  const page = await openPage({ bypassCSP: true }, /WebSocket connection to .* failed/);
  const codeFrom = async (origin: string) => {
    await page.goto(`${origin}/`);
    return page.evaluate(
      (url) =>
        new Promise((resolve) => {
          const socket = new WebSocket(url);
          socket.addEventListener('close', ({ code }) => resolve(code));
          socket.addEventListener('open', () => socket.close(1000));
        }),
      `${example.address.replace('http', 'ws')}/echo`,
    );
  };
  expect(await codeFrom(example.address)).toBe(1000);
  // The same server by another name is another origin.
  expect(await codeFrom(`http://localhost:${example.port}`)).toBe(1006);
  await page.context().close();
});

describe('with a keyboard alone', () => {
  /** Presses Tab until the element has the focus: a trap, or what no Tab reaches, fails. */
  async function tabTo(page: Page, id: string): Promise<void> {
    for (let i = 0; i < 80; i++) {
      if ((await page.evaluate(() => document.activeElement?.id)) === id) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`Tab does not reach #${id}`);
  }

  test('connect, send, decode, close, and connect again', async () => {
    const page = await openPage();
    await tabTo(page, 'connect');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle);
    expect(outline).toBe('solid');
    await page.keyboard.press('Enter');
    await page.locator('#text:focus').waitFor();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('typed');
    await page.keyboard.press('Enter');
    await log(page).getByText('Echo: text “typed”, as it was sent.').waitFor();
    await tabTo(page, 'frames');
    await tabTo(page, 'decode-input');
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('89 00');
    await page.locator('#decode-frames').getByText('Ping', { exact: true }).waitFor();
    await tabTo(page, 'chat-name');
    await tabTo(page, 'close-reason');
    await page.keyboard.press('Enter');
    await log(page).getByText('Closed with 1000.').waitFor();
    await page.locator('#connect:focus').waitFor();
    await page.keyboard.press('Enter');
    await page.locator('#text:focus').waitFor();
    await page.context().close();
  });
});

test('every field and button has a name', async () => {
  const page = await openPage();
  const nameless = await page.locator('input, select, textarea, button').evaluateAll((items) =>
    items
      .filter((item) => {
        const { labels, textContent } = item as HTMLInputElement;
        return item instanceof HTMLButtonElement ? textContent?.trim() === '' : labels === null || labels.length === 0;
      })
      .map((item) => item.outerHTML),
  );
  expect(nameless).toEqual([]);
  await page.context().close();
});

/** In the page: what is wider than the place that it has. */
function cutOff(): string[] {
  const wide = [...document.querySelectorAll('html, .frame, .field, .group')].filter(
    (item) => item.scrollWidth > item.clientWidth,
  );
  const outside = [...document.querySelectorAll('.panel *')].filter((item) => {
    const panel = item.closest('.panel')?.getBoundingClientRect();
    const box = item.getBoundingClientRect();
    return box.width > 1 && panel !== undefined && (box.right > panel.right || box.left < panel.left);
  });
  return [...wide, ...outside].map((item) => `${item.tagName} ${item.className} ${item.textContent}`);
}

/** In the page: text with less contrast than WCAG 2.2 asks for (AA, 4.5 to 1), but for what is disabled. */
function lowContrast(): string[] {
  const channels = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (color: string) => {
    const [r = 0, g = 0, b = 0] = channels(color).map((channel) => {
      const value = channel / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (item: Element | null): string => {
    const color = item === null ? 'rgb(255, 255, 255)' : getComputedStyle(item).backgroundColor;
    return channels(color)[3] === 0 ? background(item?.parentElement ?? null) : color;
  };
  return [...document.querySelectorAll('body *')]
    .filter((item) => [...item.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim() !== ''))
    .filter((item) => item.closest(':disabled') === null)
    .map((item) => {
      const [dark = 0, light = 0] = [luminance(getComputedStyle(item).color), luminance(background(item))].sort(
        (a, b) => a - b,
      );
      return { item, ratio: (light + 0.05) / (dark + 0.05) };
    })
    .filter(({ ratio }) => ratio < 4.5)
    .map(({ item, ratio }) => `${ratio.toFixed(2)} ${item.tagName} ${item.className} ${item.textContent}`);
}

describe('it fits', () => {
  const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 360, height: 740 } };
  for (const [size, viewport] of Object.entries(sizes)) {
    test.each(['light', 'dark'] as const)(
      `on a ${size}, %s: nothing is cut, all text has contrast`,
      async (colorScheme) => {
        const page = await openPage(
          { viewport, colorScheme, deviceScaleFactor: 2 },
          /WebSocket connection to .* failed/,
        );
        await page.screenshot({ path: join(screenshots, `${size}-${colorScheme}-start.png`) });
        await connect(page);
        await page.getByRole('button', { name: 'Send text' }).click();
        await page.getByRole('button', { name: '200 kB' }).click();
        await log(page)
          .getByText(/200,000 bytes.*as it was sent/)
          .waitFor();
        await page.locator('#frames').getByText('200,000 bytes').waitFor();
        await page.screenshot({ path: join(screenshots, `${size}-${colorScheme}-open.png`), fullPage: true });
        await page.getByRole('button', { name: 'Send it to me' }).click();
        await log(page).getByText('Closed with 1006').waitFor();
        await page.locator('#frames .violation').waitFor();
        await page.screenshot({ path: join(screenshots, `${size}-${colorScheme}-illegal.png`), fullPage: true });

        expect(await page.evaluate(cutOff)).toEqual([]);
        expect(await page.evaluate(lowContrast)).toEqual([]);
        await page.context().close();
      },
    );
  }
});
