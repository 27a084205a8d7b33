/** Leaderless replication's settings as people write them in a scenario. Times are in milliseconds. */
import * as z from 'zod/mini';
import { id, positiveCount, positiveMs } from '../../scenario/fields.ts';
import { consistencyLevels, levelsOfReads } from './levels.ts';

const replicas = positiveCount(31);

const wanted = z.union([replicas, z.enum(levelsOfReads)]);
const wantedOfWrites = z.union([replicas, z.enum(consistencyLevels)]);

export const leaderlessSchema = z.strictObject({
  type: z.literal('leaderless'),
  replicas: z.optional(
    z
      .union([replicas, z.record(id, replicas)])
      .check(
        z.describe(
          'How many nodes hold each key, N, in all or of each region, which is then a data centre; without it, 3, or every node where fewer',
        ),
      ),
  ),
  virtualNodes: z.optional(
    positiveCount(256).check(
      z.describe(
        'Tokens of each node on the ring, at random; without it, one each, evenly, and key k is held by node k and those after it',
      ),
    ),
  ),
  read: z._default(
    wanted.check(
      z.describe(
        'How many replicas a read waits for, R, or a consistency level by Cassandra’s name; at SERIAL and LOCAL_SERIAL it is a lightweight transaction',
      ),
    ),
    'QUORUM',
  ),
  write: z._default(
    wantedOfWrites.check(
      z.describe(
        'How many replicas a write waits for, W, or a consistency level by Cassandra’s name; at ANY a hint does where no replica is held for up; at SERIAL and LOCAL_SERIAL it is a lightweight transaction, whose commit waits for as many',
      ),
    ),
    'QUORUM',
  ),
  readsAsk: z._default(
    z
      .enum(['all', 'enough'])
      .check(
        z.describe(
          'Whom a read asks: all replicas held for up (Dynamo, Riak), or only the nearest that are enough (Cassandra)',
        ),
      ),
    'all',
  ),
  speculativeRetryMs: z.optional(
    positiveMs.check(
      z.describe(
        'How long a read waits for enough answers before it asks one more replica; without it, for ever',
      ),
    ),
  ),
  readRepair: z._default(
    z
      .enum(['none', 'blocking', 'background'])
      .check(
        z.describe(
          'What becomes of replicas that a read finds behind: nothing; they have the newest version before the read is answered; or after',
        ),
      ),
    'blocking',
  ),
  quorum: z._default(
    z
      .enum(['strict', 'sloppy'])
      .check(
        z.describe(
          'Whether only replicas count (Cassandra), or also the nodes that stand in for those held for down (Dynamo, Riak)',
        ),
      ),
    'strict',
  ),
  hints: z.optional(
    z
      .strictObject({
        windowMs: z._default(
          positiveMs.check(
            z.describe(
              'How long a hint is kept, and how long a node may have been silent for one to be kept',
            ),
          ),
          10_800_000,
        ),
        perSecond: z._default(
          positiveCount(1_000_000).check(z.describe('How many a node hands over to another in a second')),
          1000,
        ),
      })
      .check(z.describe('Hinted handoff: what a replica missed is kept for it; without it, it is not')),
  ),
  readTimeoutMs: z._default(
    positiveMs.check(
      z.describe('How long a read waits for replicas before its client is told that it timed out'),
    ),
    5000,
  ),
  writeTimeoutMs: z._default(
    positiveMs.check(z.describe('How long a write waits for replicas; what some have is not taken back')),
    2000,
  ),
  serialTimeoutMs: z._default(
    positiveMs.check(
      z.describe(
        'How long a lightweight transaction may take, with all its ballots, before its client is told that it may have happened (Cassandra 4.0: cas_contention_timeout_in_ms)',
      ),
    ),
    1000,
  ),
  failureDetection: z.prefault(
    z.strictObject({
      everyMs: z._default(
        positiveMs.check(z.describe('How often a node tells every other that it is there')),
        1000,
      ),
      downAfterMs: z._default(
        positiveMs.check(
          z.describe(
            'After so long a silence a node is held for down. Cassandra’s φ of 8 is 18.4 times the mean time between signs of life',
          ),
        ),
        18_400,
      ),
    }),
    {},
  ),
  antiEntropy: z.optional(
    z.strictObject({
      everyMs: positiveMs.check(
        z.describe(
          'How often a node compares what it holds with another, each in turn, and how long it may take; without it, never',
        ),
      ),
    }),
  ),
  commitLog: z._default(
    z
      .union([
        z.literal('batch'),
        z.strictObject({ syncEveryMs: positiveMs.check(z.describe('How often it is synced')) }),
      ])
      .check(
        z.describe(
          'Whether a replica acknowledges a write once it is on its disk (batch), or at once, and syncs now and then (Cassandra: every 10,000 ms)',
        ),
      ),
    'batch',
  ),
});

export type LeaderlessDocument = z.output<typeof leaderlessSchema>;
