import { expect, test } from 'vitest';
import { checkLowering } from '../../statecharts/lowering-oracle.test-support.ts';
import { serverKind } from './kinds.ts';
import { raftChart } from './raft.chart.ts';

test('raft: lowered as XState runs it', () => {
  checkLowering(raftChart, { runs: 300 });
});

test('it has the modes one would name, and no more', () => {
  const modes = serverKind.raft.configurations.map(({ states }) => states.at(-1)!);
  expect(modes.sort()).toEqual(['electing.candidate', 'electing.follower', 'leader.leading']);
});
