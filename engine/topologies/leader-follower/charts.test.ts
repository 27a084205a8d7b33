import { expect, test } from 'vitest';
import type { Chart } from '../../statecharts/chart.ts';
import { checkLowering } from '../../statecharts/lowering-oracle.test-support.ts';
import { agentChart } from './agent.chart.ts';
import { failoverChart } from './failover.chart.ts';
import { managerKind } from './failover-kinds.ts';
import { heldReadsChart } from './held-reads.chart.ts';
import { leaderKeyChart } from './leader-key.chart.ts';
import { leaseChart } from './lease.chart.ts';
import { powerChart } from './power.chart.ts';
import { replicaKind } from './replica-kind.ts';
import { roleChart } from './role.chart.ts';
import { streamChart } from './stream.chart.ts';
import { waitChart } from './wait.chart.ts';
import { walWriterChart } from './wal-writer.chart.ts';

const runs = 300;

test('role: lowered as XState runs it', () => {
  checkLowering(
    roleChart(
      { step: () => {}, stepAll: () => {} },
      {
        written: () => {},
        moved: () => {},
        close: () => {},
        holdRead: () => {},
        replay: () => {},
        queryOver: () => {},
        endReplay: () => {},
        lead: () => {},
        follow: () => {},
      },
    ),
    { runs },
  );
});

test('stream: lowered as XState runs it', () => {
  checkLowering(streamChart, { runs });
});

test('wait: lowered as XState runs it', () => {
  checkLowering(waitChart, { runs });
});

test('held reads: lowered as XState runs it', () => {
  checkLowering(heldReadsChart, { runs });
});

test('WAL writer: lowered as XState runs it', () => {
  checkLowering(walWriterChart, { runs });
});

test('lease: lowered as XState runs it', () => {
  checkLowering(leaseChart, { runs });
});

test('leader key: lowered as XState runs it', () => {
  checkLowering(leaderKeyChart, { runs });
});

test('agent: lowered as XState runs it', () => {
  checkLowering(agentChart, { runs });
});

test('power: lowered as XState runs it', () => {
  checkLowering(powerChart, { runs });
});

test('failover: lowered as XState runs it', () => {
  checkLowering(failoverChart, { runs });
});

const paths = ({ configurations }: Chart<never>): string[] =>
  configurations.map(({ states }) => states.at(-1)!);

test('each chart has the modes one would name, and no more', () => {
  const { role, stream, heldReads } = replicaKind;
  expect(paths(role as Chart<never>).sort()).toEqual([
    'following.connected.doubting.waiting',
    'following.connected.receiving',
    'following.disconnected.connecting',
    'following.resyncing.asking',
    'following.resyncing.receiving',
    'following.resyncing.writing',
    'halted',
    'leading.serving',
  ]);
  expect(paths(stream as Chart<never>)).toEqual([
    'disconnected',
    're-sync',
    'connected.sending.streaming',
    'connected.sending.catch-up',
  ]);
  expect(paths(heldReads as Chart<never>)).toEqual(['none', 'holding']);
  expect(paths(managerKind.failover as Chart<never>)).toEqual([
    'failover.watching',
    'failover.campaigning',
    'failover.doubting',
    'failover.fencing',
    'failover.collecting',
    'failover.promoting',
    'failover.deferring',
  ]);
});

test('a stream that memory has forgotten is a disconnected one', () => {
  expect(replicaKind.stream.matches(0, 'disconnected')).toBe(true);
});
