import { Random } from '@ws/testkit';
import { expect, test } from 'vitest';
import { judgeHandles, judgeTraffic, soak } from './soak.js';
import { judgeMessage, makeMessage } from './traffic.js';

/** Hangs end; that it takes half a minute is not asserted. */
const PATIENCE = 300_000;

test(
  'healthy connections lose nothing beside faulty ones, and no handle stays',
  async () => {
    const { runs } = await soak({ connections: 150, seconds: 5, seed: 1, say: () => {} });
    // Its memory is judged by the long run alone: so short a load does not fill what the server keeps for all
    // connections.
    for (const run of runs) {
      expect(judgeTraffic(run)).toEqual([]);
      expect(run.healthy).toMatchObject({ opened: 100, wrong: 0 });
      expect(run.healthy.messages).toBeGreaterThan(0);
      expect(run.healthy.pings).toBeGreaterThan(0);
      expect(Object.keys(run.faulty.faults).sort()).toEqual(['garbage', 'half-closed', 'reset', 'stalled']);
      expect(run.leftover.clients).toBe(0);
    }
    const [first, second] = runs.map(({ leftover }) => leftover);
    expect(first && second && judgeHandles(first, second)).toEqual([]);
  },
  PATIENCE,
);

test('an echo that is lost, reordered, changed, of another connection or of another kind is seen', () => {
  const random = new Random(3);
  for (let i = 0; i < 1000; i++) {
    const { payload, sent } = makeMessage(random, 7, i);
    expect(judgeMessage(payload, sent.isText, 7, sent)).toBeUndefined();
    expect(judgeMessage(payload, sent.isText, 7, { ...sent, number: i + 1 })).toMatch('reordered');
    expect(judgeMessage(payload, sent.isText, 7, undefined)).toMatch('reordered');
    expect(judgeMessage(payload, !sent.isText, 7, sent)).toMatch('corrupted');
    expect(judgeMessage(payload, sent.isText, 8, sent)).toMatch('corrupted');
    expect(judgeMessage(payload, sent.isText, 7, { ...sent, checksum: sent.checksum ^ 1 })).toMatch('corrupted');
    const at = random.below(payload.length);
    payload.writeUInt8(payload.readUInt8(at) ^ 1, at);
    expect(judgeMessage(payload, sent.isText, 7, sent)).toMatch(/corrupted|reordered/);
  }
});
