/** Why most have two or three leaders. Syllabus S-C9. */

import { expect, test } from 'vitest';
import { leadersIn, run, verdict } from './run.test-support.ts';

test('the same writes over more leaders: more conflicts, more of them thrown away, and more traffic', () => {
  const perSecond = 120;
  const measured = [1, 2, 3, 4, 5, 6].map((leaders) => {
    const source = leadersIn(leaders, {}, { durationMs: 4000 });
    const { report } = run({
      ...source,
      workload: {
        clients: source.cluster.nodes.map(({ id }) => ({
          id: `at-${id}`,
          region: `in-${id}`,
          writesPerSecond: perSecond / leaders,
        })),
        keys: { count: 20 },
      },
    });
    return {
      streams: report.multiLeader!.streams,
      conflicts: report.multiLeader!.conflicts.all,
      thrownAway: verdict(report, 'discarded-writes').count,
      messages: report.messages.sent / report.operations.write.ok,
    };
  });
  expect(measured.map(({ streams }) => streams)).toEqual([0, 2, 6, 12, 20, 30]);
  expect(measured[0]).toMatchObject({ conflicts: 0, thrownAway: 0 });
  for (const name of ['conflicts', 'thrownAway', 'messages'] as const) {
    const counts = measured.map((each) => each[name]);
    // Of every two writes the share that come to different leaders is 1 − 1/n: it grows ever more slowly.
    expect(counts[1]).toBeGreaterThan(counts[0]!);
    expect(counts.at(-1)).toBeGreaterThan(counts[1]! * 1.3);
  }
});
