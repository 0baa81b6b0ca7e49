import { isLegalCloseCode } from './naive-codec.ts';
import type { CloseCodeRange } from './vector-json.ts';
import { closeVectors, fragmentationVectors, lengthVectors, rfcVectors } from './vector-streams.ts';
import { utf8Vectors } from './vector-utf8.ts';
import { violationVectors } from './vector-violations.ts';

/** The files of `vectors/`, by name. Everything in them comes from testkit's own readers of RFC 6455. */
export function vectorFiles(): Record<string, unknown> {
  const ranges = closeCodeRanges();
  const ends = ranges.flatMap(({ from, to, legal }) => [...new Set([from, to])].map((code) => ({ code, legal })));
  return {
    'rfc6455-5.7.json': { vectors: rfcVectors() },
    'violations.json': { vectors: violationVectors() },
    'lengths.json': { vectors: lengthVectors() },
    'fragmentation.json': { vectors: fragmentationVectors() },
    'close-codes.json': { ranges, vectors: closeVectors(ends) },
    'utf8.json': { vectors: utf8Vectors() },
  };
}

function closeCodeRanges(): CloseCodeRange[] {
  const ranges: { from: number; to: number; legal: boolean }[] = [];
  for (let code = 0; code <= 0xffff; code++) {
    const legal = isLegalCloseCode(code);
    const last = ranges.at(-1);
    if (last?.legal === legal) last.to = code;
    else ranges.push({ from: code, to: code, legal });
  }
  return ranges;
}
