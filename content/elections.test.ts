import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { judgeElections, parseElections, simulateElections } from '#engine';
import { bundledElections } from './index.ts';

const isFullSize = process.env.QUORATE_FULL === '1';

/** Bounds of a full-size sample, as wide as a smaller one makes them: four standard deviations, of a time its mean at most. */
function widened(bound: number | undefined, metric: string, runs: number, sign: 1 | -1): number | undefined {
  if (bound === undefined) return undefined;
  const deviation = metric === 'splitVote.rate' ? Math.sqrt(bound * (1 - bound)) : bound;
  return bound + (sign * 4 * deviation) / Math.sqrt(runs);
}

test.each(bundledElections)('elections $name come out as published', async ({ url }) => {
  const { options, expect: expected } = parseElections(parse(readFileSync(url, 'utf8')));
  expect(expected.length).toBeGreaterThan(0);
  const runs = isFullSize ? options.runs : 500;
  // Of the slowest in a thousand a small sample has hardly one.
  const judged = expected.filter(({ metric }) => isFullSize || metric !== 'p999Ms');
  const bounds = judged.map(({ metric, atLeast, atMost }) => ({
    metric,
    ...(atLeast !== undefined && { atLeast: isFullSize ? atLeast : widened(atLeast, metric, runs, -1) }),
    ...(atMost !== undefined && { atMost: isFullSize ? atMost : widened(atMost, metric, runs, 1) }),
  }));
  const results = judgeElections({ expect: bounds }, await simulateElections({ ...options, runs }));
  expect(results.filter(({ met }) => !met)).toEqual([]);
});
