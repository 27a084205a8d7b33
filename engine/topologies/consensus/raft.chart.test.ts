import { expect, test } from 'vitest';
import type { Chart } from '../../statecharts/chart.ts';
import { checkLowering } from '../../statecharts/lowering-oracle.test-support.ts';
import { serverKind } from './kinds.ts';
import { progressChart } from './progress.chart.ts';
import { raftChart } from './raft.chart.ts';

test('raft: lowered as XState runs it', () => {
  checkLowering(raftChart({ step: () => {}, stepAll: () => {} }), { runs: 300 });
});

test('progress: lowered as XState runs it', () => {
  checkLowering(progressChart, { runs: 300 });
});

const modes = ({ configurations }: Chart<never>): string[] =>
  configurations.map(({ states }) => states.at(-1)!).sort();

test('each chart has the modes one would name, and no more', () => {
  const { raft, progress } = serverKind;
  expect(modes(raft as Chart<never>)).toEqual([
    'electing.candidate',
    'electing.follower',
    'electing.pre-candidate',
    'leader.leading',
  ]);
  expect(modes(progress as Chart<never>)).toEqual(['disconnected', 'probing', 'replicating', 'snapshot']);
});

test('a follower that memory has forgotten is one to probe', () => {
  expect(serverKind.progress.matches(0, 'probing')).toBe(true);
});
