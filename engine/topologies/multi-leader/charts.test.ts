import { expect, test } from 'vitest';
import { checkLowering } from '../../statecharts/lowering-oracle.test-support.ts';
import { exchangeChart } from './exchange.chart.ts';
import { exchange } from './kinds.ts';

test('exchange: lowered as XState runs it', () => {
  checkLowering(exchangeChart, { runs: 300 });
});

test('the chart has the modes one would name, and no more; its first is the one of who is never sent to', () => {
  const paths = exchange.configurations.map(({ states }) => states.at(-1)!);
  expect(paths[0]).toBe('closed');
  expect(paths.toSorted()).toEqual([
    'closed',
    'open.silent.cut off.asking again',
    'open.silent.given up.asking still',
    'open.stopped.asking about it',
    'open.stopped.waiting for its schema',
    'open.streaming.asking',
    'open.streaming.caught up',
    'open.streaming.waiting for word',
  ]);
});
