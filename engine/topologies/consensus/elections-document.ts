/**
 * Elections as people write them in a file: the settings of `quorate elections`, times in milliseconds, and what is
 * expected of them.
 */
import * as z from 'zod/mini';
import { judgeMetric } from '../../run/expectations.ts';
import type { ExpectationResult } from '../../run/report.ts';
import { delayMs, id, positiveCount, positiveDelayMs } from '../../scenario/fields.ts';
import { parseDocument } from '../../scenario/parse-document.ts';
import { toUs } from '../../scenario/scenario.ts';
import type { RangeUs } from './election.ts';
import type { Elections, ElectionsOptions } from './elections.ts';

const rangeMs = z.union([
  delayMs,
  z.strictObject({
    minMs: delayMs,
    maxMs: delayMs.check(z.describe('At least minMs; everything between is equally likely')),
  }),
]);

const electionsSchema = z.strictObject({
  id,
  title: z._default(z.string().check(z.maxLength(200)), ''),
  servers: z._default(
    z.int().check(z.gte(2), z.lte(99), z.describe('Servers of the cluster, dead or alive')),
    5,
  ),
  failed: z.optional(
    z
      .int()
      .check(
        z.gte(0),
        z.lte(99),
        z.describe('How many of them are down in all; without it none, after a crash one'),
      ),
  ),
  oneWayMs: rangeMs.check(z.describe('How long a message travels')),
  timeoutMs: rangeMs.check(z.describe('Election timeouts')),
  logs: z._default(
    z.enum(['same', 'different']).check(z.describe('Whether all logs end alike, or no two do')),
    'same',
  ),
  start: z._default(
    z
      .enum(['fresh', 'crash'])
      .check(z.describe('No leader and timers that all start at once, or the death of a leader')),
    'fresh',
  ),
  heartbeatMs: z.optional(
    positiveDelayMs.check(z.describe('Between two heartbeats; without it, half the least timeout')),
  ),
  voteWriteMs: z._default(delayMs.check(z.describe('To write a vote before it is told')), 0),
  runs: z._default(positiveCount(10_000_000).check(z.describe('Elections')), 1000),
  seed: z._default(z.int().check(z.gte(0), z.lte(Number.MAX_SAFE_INTEGER)), 1),
  expect: z._default(
    z
      .array(
        z.strictObject({
          metric: z
            .enum(['meanMs', 'p50Ms', 'p99Ms', 'p999Ms', 'splitVote.rate'])
            .check(z.describe('A figure of `quorate elections --json`')),
          atLeast: z.optional(z.number()),
          atMost: z.optional(z.number()),
        }),
      )
      .check(z.maxLength(100)),
    [],
  ),
});

export interface ElectionsPlan {
  readonly id: string;
  readonly title: string;
  readonly options: ElectionsOptions;
  readonly expect: z.output<typeof electionsSchema>['expect'];
}

/** Reads elections as written. Throws InputError with every problem of their shape; `simulateElections` finds the others. */
export function parseElections(input: unknown): ElectionsPlan {
  const document = parseDocument('election', electionsSchema, input);
  const { servers, logs, start, runs, seed } = document;
  const timeout = rangeUs(document.timeoutMs);
  return {
    id: document.id,
    title: document.title,
    options: {
      servers,
      logs,
      start,
      runs,
      seed,
      failed: document.failed ?? (start === 'crash' ? 1 : 0),
      oneWay: rangeUs(document.oneWayMs),
      timeout,
      heartbeatUs:
        document.heartbeatMs === undefined ? Math.round(timeout.minUs / 2) : toUs(document.heartbeatMs),
      voteWriteUs: toUs(document.voteWriteMs),
    },
    expect: document.expect,
  };
}

/** Holds what was expected against what was measured. */
export function judgeElections(
  { expect }: Pick<ElectionsPlan, 'expect'>,
  elections: Elections,
): ExpectationResult[] {
  return expect.map((expectation) => judgeMetric(expectation, elections));
}

function rangeUs(range: z.output<typeof rangeMs>): RangeUs {
  if (typeof range === 'number') return { minUs: toUs(range), maxUs: toUs(range) };
  return { minUs: toUs(range.minMs), maxUs: toUs(range.maxMs) };
}
