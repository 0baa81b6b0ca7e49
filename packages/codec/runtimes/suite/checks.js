/** So many failures are told; the rest are counted. */
const TOLD = 50;

/** Counts checks and keeps what failed: all that a test framework would be needed for, where there is none. */
export class Checks {
  checks = 0;
  failed = 0;
  /** @type {string[]} */
  failures = [];

  /**
   * @param {string} name what is right if the condition holds
   * @param {boolean} condition
   * @param {unknown[]} at which case of it: put into words only if it fails, since there are many
   */
  check(name, condition, ...at) {
    this.checks++;
    if (condition) return;
    this.failed++;
    if (this.failed <= TOLD) this.failures.push([name, ...at.map(words)].join(' | '));
    else this.failures[TOLD] = `and ${this.failed - TOLD} more`;
  }

  /**
   * @param {string} name
   * @param {unknown} found
   * @param {unknown} wanted
   * @param {unknown[]} at
   */
  equal(name, found, wanted, ...at) {
    this.checks++;
    if (found === wanted) return;
    this.checks--;
    this.check(name, false, ...at, `wanted ${words(wanted)}, found ${words(found)}`);
  }

  /**
   * @param {string} name
   * @param {() => unknown} use
   * @param {ErrorConstructor} error
   * @param {unknown[]} at
   */
  throws(name, use, error, ...at) {
    /** @type {unknown} */
    let thrown;
    try {
      use();
    } catch (caught) {
      thrown = caught;
    }
    this.check(name, thrown instanceof error, ...at, `wanted a ${error.name}, found ${thrown}`);
  }
}

/** @param {unknown} value */
function words(value) {
  if (value instanceof Uint8Array) return toHex(value);
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length <= 200 ? text : `${text.slice(0, 200)}… (${text.length} characters)`;
}

/**
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function toHex(bytes) {
  let digits = '';
  for (const byte of bytes.subarray(0, 100)) digits += (byte < 16 ? '0' : '') + byte.toString(16);
  return bytes.length <= 100 ? digits : `${digits}… (${bytes.length} bytes)`;
}
