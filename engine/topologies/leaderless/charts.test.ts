import { expect, test } from 'vitest';
import { checkLowering } from '../../statecharts/lowering-oracle.test-support.ts';
import { hintsChart } from './hints.chart.ts';
import { coordinatorKind } from './kinds.ts';
import { lightweightChart } from './lightweight.chart.ts';
import { readChart } from './read.chart.ts';
import { repairChart } from './repair.chart.ts';
import { writeChart } from './write.chart.ts';

const runs = 300;

test('write: lowered as XState runs it', () => {
  checkLowering(writeChart, { runs });
});

test('read: lowered as XState runs it', () => {
  checkLowering(readChart, { runs });
});

test('repair: lowered as XState runs it', () => {
  checkLowering(repairChart, { runs });
});

test('hints: lowered as XState runs it', () => {
  checkLowering(hintsChart, { runs });
});

test('lightweight transactions: lowered as XState runs them', () => {
  checkLowering(lightweightChart, { runs });
});

test('each chart has the modes one would name, and no more', () => {
  const paths = ({ configurations }: typeof coordinatorKind.read) =>
    configurations.map(({ states }) => states.at(-1)!);
  expect(paths(coordinatorKind.write).sort()).toEqual([
    'over',
    'under way.waiting for enough',
    'under way.waiting for the rest',
  ]);
  expect(paths(coordinatorKind.repair).sort()).toEqual(['between sessions', 'comparing']);
  expect(paths(coordinatorKind.read).sort()).toEqual([
    'over',
    'under way.answered.repairing',
    'under way.answered.waiting for the rest',
    'under way.unanswered.repairing first',
    'under way.unanswered.waiting for enough.asked',
    'under way.unanswered.waiting for enough.asked again',
  ]);
});
