/** Labels that are put on each line of metrics, such as which server it is. */
export type Labels = Readonly<Record<string, string>>;

/** Labels that tell the values of a counter apart. */
const OWN_LABELS = /^(code|policy|reason|status|violation)$/;

/** Numbers that only grow, by their labels as they are written. */
export class Counter {
  readonly #counts = new Map<string, number>();

  add(labels: string): void {
    this.#counts.set(labels, (this.#counts.get(labels) ?? 0) + 1);
  }

  entries(): Iterable<[string, number]> {
    return this.#counts;
  }
}

/**
 * Writes a metric in the text format of Prometheus.
 *
 * @throws TypeError for a label of the wrong kind
 */
export function metric(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  value: number | Counter,
  labels: Labels,
): string {
  const common = Object.entries(labels).map(([label, text]) => {
    if (!/^(?!__)[a-z_]\w*$/i.test(label) || typeof text !== 'string') {
      throw new TypeError(
        `a label must be a word with a string, and must not begin with "__", got ${label}: ${String(text)}`,
      );
    }
    if (OWN_LABELS.test(label)) throw new TypeError(`the label ${label} is one of the metrics' own`);
    return `${label}="${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`;
  });
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
  for (const [own, count] of typeof value === 'number' ? [['', value] as const] : value.entries()) {
    const all = [...common, ...(own === '' ? [] : [own])].join(',');
    lines.push(`${name}${all === '' ? '' : `{${all}}`} ${count}`);
  }
  return `${lines.join('\n')}\n`;
}
