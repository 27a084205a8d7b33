/** Leaderless replication's settings as people write them in a scenario. Times are in milliseconds. */
import * as z from 'zod/mini';
import { id, positiveCount, positiveMs } from '../../scenario/fields.ts';
import { consistencyLevels, levelsOfReads } from './levels.ts';
import { versionRules } from './siblings.ts';

const replicas = positiveCount(31);

/** Riak's counts may be words, and 0 asks for nothing. */
const riakCount = z.union([z.int().check(z.gte(0), z.lte(31)), z.enum(['one', 'quorum', 'all'])]);
const required = z.optional(
  replicas.check(z.describe('Voldemort: answers without which the operation fails')),
);

const countsOfReads = z.strictObject({
  r: z.optional(riakCount.check(z.describe('Riak: answers of replicas or of nodes that stand in for them'))),
  pr: z.optional(riakCount.check(z.describe('Riak: answers of replicas themselves among them'))),
  required,
  preferred: z.optional(
    replicas.check(
      z.describe(
        'Voldemort: replicas that are asked, and waited for until readTimeoutMs; as many as required',
      ),
    ),
  ),
});

const countsOfWrites = z.strictObject({
  w: z.optional(riakCount.check(z.describe('Riak: nodes that have received the write'))),
  dw: z.optional(riakCount.check(z.describe('Riak: nodes that have it on disk, at least 1'))),
  pw: z.optional(riakCount.check(z.describe('Riak: replicas themselves that have received it'))),
  required,
  preferred: z.optional(
    replicas.check(
      z.describe('Voldemort: acknowledgements that are waited for until writeTimeoutMs; as many as required'),
    ),
  ),
});

const wanted = z.union([replicas, z.enum(levelsOfReads), countsOfReads]);
const wantedOfWrites = z.union([replicas, z.enum(consistencyLevels), countsOfWrites]);

/** A client group's own: what the topology itself says if left out. */
export const ownLevels = {
  read: z.optional(
    wanted.check(
      z.describe('Leaderless: what this group’s reads wait for, instead of what topology.read says'),
    ),
  ),
  write: z.optional(
    wantedOfWrites.check(
      z.describe('Leaderless: what this group’s writes wait for, instead of what topology.write says'),
    ),
  ),
};

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
        'How many replicas a read waits for, R, or a consistency level by Cassandra’s name, or counts as Riak (r, pr) or Voldemort (required, preferred) has them; at SERIAL and LOCAL_SERIAL it is a lightweight transaction',
      ),
    ),
    'QUORUM',
  ),
  write: z._default(
    wantedOfWrites.check(
      z.describe(
        'How many replicas a write waits for, W, or a consistency level by Cassandra’s name, or counts as Riak (w, dw, pw) or Voldemort (required, preferred) has them; at ANY a hint does where no replica is held for up; at SERIAL and LOCAL_SERIAL it is a lightweight transaction, whose commit waits for as many',
      ),
    ),
    'QUORUM',
  ),
  clientsAsk: z._default(
    z
      .enum(['any', 'replicas'])
      .check(
        z.describe(
          'Which of the nearest nodes clients ask to coordinate: any of them, or one that holds the key where there is one (smart clients: Voldemort’s, and Cassandra’s token-aware drivers)',
        ),
      ),
    'any',
  ),
  balance: z._default(
    z
      .enum(['random', 'round-robin', 'least-outstanding'])
      .check(
        z.describe(
          'How each client group chooses among the nearest nodes that coordinate: at random, in turn, or the one that owes it the fewest answers',
        ),
      ),
    'round-robin',
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
  digestReads: z._default(
    z
      .boolean()
      .check(
        z.describe(
          'Whether a read asks the nearest replica for what it holds and the others for a digest of that; where they differ it asks again, for all of it (Cassandra)',
        ),
      ),
    false,
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
  versions: z._default(
    z
      .enum(versionRules)
      .check(
        z.describe(
          'Which of two versions stays: the one with the later stamp (lww); or, by clocks, the one whose writer had read the other, and else both, as siblings: with one version vector for all values of a key, or with a dot for each (dotted)',
        ),
      ),
    'lww',
  ),
  gcGraceMs: z._default(
    positiveMs.check(
      z.describe(
        'How long after a delete each node keeps its tombstone; a replica that has not heard of the delete by then brings the old value back (Cassandra: gc_grace_seconds, 10 days)',
      ),
    ),
    864_000_000,
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
